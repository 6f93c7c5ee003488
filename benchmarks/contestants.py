"""The broker's peers: mitmproxy, HAProxy and Envoy, started with the same secret before the same upstream."""

import json
import os
import pathlib
import socket
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "broker_peers"
KEY = "sRk9x2Qw7LmT4vB8nZc1YdE6fGh3JpUa5HsXoIqR"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def wait_for(port, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)


def mitmproxy(bench, program):
    port = free_port()
    environ = os.environ | {"BENCH_KEY": KEY, "BENCH_PLACEHOLDER": "srph_0123456789012345678901234567890123"}
    home = bench.directory / "mitm"
    home.mkdir()
    begun = time.perf_counter()
    process = bench.start(
        [
            program, "-q", "--set", f"confdir={home}", "--listen-host", "127.0.0.1", "-p", str(port), "-s", str(PEERS / "mitm.py"),
            "--set", f"ssl_verify_upstream_trusted_ca={bench.directory}/root.pem", "--set", "http2=false", "--set", "connection_strategy=lazy",
        ],
        env=environ,
    )  # fmt: skip
    wait_for(port)
    started = (time.perf_counter() - begun) * 1000
    roots = bench.directory / "mitm-roots.pem"
    roots.write_bytes(
        (home / "mitmproxy-ca-cert.pem").read_bytes() + (bench.directory / "root.pem").read_bytes()
    )
    return {
        "proxy": f"http://127.0.0.1:{port}",
        "key": environ["BENCH_PLACEHOLDER"],
        "roots": str(roots),
        "pid": process.pid,
        "ready": started,
    }


def haproxy(bench):
    ports = {}
    text = ""
    for name, upstream in (("small", bench.upstream), ("long", bench.long)):
        ports[name] = free_port()
        text += f"""
frontend {name}
  bind 127.0.0.1:{ports[name]} ssl crt {bench.directory}/server.pem alpn http/1.1
  default_backend to_{name}
backend to_{name}
  http-request set-header Authorization "Bearer {KEY}"
  http-reuse always
  server one 127.0.0.1:{upstream} ssl verify required ca-file {bench.directory}/root.pem verifyhost localhost sni str(localhost)
"""
    begun = time.perf_counter()
    process = bench.haproxy("static", text)
    wait_for(ports["small"])
    return {
        "key": "x",
        "roots": str(bench.directory / "root.pem"),
        "pid": process.pid,
        "ports": ports,
        "ready": (time.perf_counter() - begun) * 1000,
    }


def envoy(bench, program):
    ports = {"small": free_port(), "long": free_port()}
    pem = str(bench.directory / "server.pem")

    def listener(name):
        route = {
            "match": {"prefix": "/"}, "route": {"cluster": name, "timeout": "0s"},
            "request_headers_to_add": [{"header": {"key": "authorization", "value": f"Bearer {KEY}"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
        }  # fmt: skip
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name, "codec_type": "HTTP1",
            "http_filters": [{"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        }  # fmt: skip
        tls = {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [{"certificate_chain": {"filename": pem}, "private_key": {"filename": pem}}]},
        }  # fmt: skip
        return {
            "name": name, "address": {"socket_address": {"address": "127.0.0.1", "port_value": ports[name]}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}], "transport_socket": {"name": "tls", "typed_config": tls}}],
        }  # fmt: skip

    def cluster(name, port):
        tls = {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", "sni": "localhost",
            "common_tls_context": {"validation_context": {"trusted_ca": {"filename": str(bench.directory / "root.pem")}}},
        }  # fmt: skip
        endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
        return {
            "name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
            "transport_socket": {"name": "tls", "typed_config": tls},
        }  # fmt: skip

    config = {"static_resources": {
        "listeners": [listener("small"), listener("long")], "clusters": [cluster("small", bench.upstream), cluster("long", bench.long)],
    }}  # fmt: skip
    file = bench.directory / "envoy.json"
    file.write_text(json.dumps(config))
    begun = time.perf_counter()
    process = bench.start([program, "-c", str(file), "--concurrency", "1", "-l", "off"])
    wait_for(ports["small"])
    return {
        "key": "x",
        "roots": str(bench.directory / "root.pem"),
        "pid": process.pid,
        "ports": ports,
        "ready": (time.perf_counter() - begun) * 1000,
    }
