"""What the tests of every backend run against. The table of stores is made from this, a test keeps it whole."""

# name of the backend: (the file with its tests, what they run against)
RAN_AGAINST = {
    "age": ("test_age.py", "the real age, and pyrage"),
    "aws-sm": ("test_aws.py", "moto's server, over HTTP"),
    "aws-ssm": ("test_aws.py", "moto's server, over HTTP"),
    "azure-kv": (
        "test_azure_key_vault.py",
        "the real SDK, and a local TLS server that speaks its wire format",
    ),
    "bw": ("test_bitwarden.py", "a stand-in that follows its documentation"),
    "bws": ("test_bitwarden_secrets.py", "a stand-in that follows its documentation"),
    "doppler": ("test_doppler.py", "the real CLI, and a local server that speaks its wire format"),
    "env": ("test_local.py", "real variables"),
    "exec": ("test_local.py", "real programs"),
    "file": ("test_local.py", "real files"),
    "gcp-sm": (
        "test_google_secret_manager.py",
        "the real SDK, and a local server that speaks its wire format",
    ),
    "gpg": ("test_gpg.py", "the real gpg"),
    "http-json": ("test_http_json.py", "a local TLS server"),
    "infisical": ("test_infisical.py", "a local server that speaks its wire format"),
    "keepassxc": ("test_keepassxc.py", "the real keepassxc-cli"),
    "keyring": ("test_keyring.py", "the real gnome-keyring, on a session bus of its own"),
    "kubernetes": (
        "test_kubernetes.py",
        "the real kubectl, and a local TLS server that speaks its wire format",
    ),
    "op": ("test_onepassword.py", "a stand-in that follows its documentation"),
    "pass": ("test_password_store.py", "the real pass with the real gpg; gopass as a stand-in"),
    "sops": ("test_sops.py", "the real sops, with real age and PGP keys"),
    "summon": ("test_summon.py", "real executables"),
    "systemd-creds": ("test_systemd_creds.py", "the real systemd-creds, with the host's key"),
    "vault": ("test_vault.py", "a real OpenBao server"),
}
