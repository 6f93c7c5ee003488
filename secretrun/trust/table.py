"""What a project may say, and which variables decide what runs: two tables, read by everybody who asks.

A template or `secretrun.toml` that was found beside the code is data of whoever wrote that code.
"""

from __future__ import annotations

FREE = "free"  # changes nothing that leaves the run: no agreement because of it
AGREED = "agreed"  # counts once its reader has agreed to it
NEVER = "never"  # only from the user: the command line, SECRETRUN_*, their own config.toml

# One row for each key of `[run]`, and for each table; a key without a row is refused.
PROJECT: dict[str, str] = {
    "env": AGREED,
    "secrets": AGREED,
    "profile": AGREED,
    "backend": AGREED,
    "broker": AGREED,
    "run": FREE,  # by its keys:
    "run.allow_exec": NEVER,  # runs programs
    "run.allow_socket": NEVER,  # opens the sandbox
    "run.audit": NEVER,  # writes a file anywhere
    "run.broker": FREE,
    "run.cache": NEVER,  # keeps values longer than its user asked for
    "run.detect": NEVER,  # unmasks
    "run.detect_exempt": NEVER,  # unmasks
    "run.env_file": AGREED,  # more templates
    "run.except": FREE,
    "run.fail_on_leak": FREE,
    "run.from": AGREED,
    "run.egress": NEVER,  # opens every host
    "run.grant": NEVER,  # opens one
    "run.keep_env": FREE,
    "run.mask": FREE,
    "run.mask_env": FREE,
    "run.no_masking": NEVER,
    "run.only": FREE,
    "run.offline": NEVER,  # old values instead of revoked ones
    "run.paranoid": FREE,
    "run.pass": NEVER,  # hands on what signs in
    "run.pristine": FREE,
    "run.profile": FREE,
    "run.quiet": FREE,
    "run.reason": NEVER,  # speaks for the user
    "run.register": NEVER,  # prints values, for a runner to mask
    "run.report": NEVER,  # writes a file anywhere
    "run.sandbox": NEVER,  # two of its values are less than a sandbox
    "run.set": NEVER,  # trusted as the command line
    "run.show": NEVER,  # unmasks
    "run.stdio": FREE,
    "run.timeout": FREE,
    "run.tty": FREE,
    "run.verbose": FREE,
    "run.watch": FREE,
    "run.watch_grace": FREE,
    "run.watch_interval": FREE,
    "run.watch_signal": FREE,
    # Which part of a store to look at; not which program to run, nor which server gets your token.
    "backend.account": AGREED,
    "backend.environment": AGREED,
    "backend.namespace": AGREED,
    "backend.profile": AGREED,
    "backend.project": AGREED,
    "backend.region": AGREED,
    "backend.timeout": FREE,
    "backend.vault": AGREED,
}


def project_may(row: str) -> str:
    """What a project may do with a key: `FREE`, `AGREED` or `NEVER`; a key without a row never."""
    return PROJECT.get(row, NEVER)


def backend_options() -> list[str]:
    """The keys of `[backend.NAME]` that a project may set."""
    return [row.partition(".")[2] for row in PROJECT if row.startswith("backend.")]


# Variables that decide which code runs, or whom a program believes, in commands that are not the project's
# own. `*` stands at an end only. Where the rows come from: sudo's env_delete (plugins/sudoers/env.c), the
# list glibc drops for set-user-ID programs (sysdeps/generic/unsecvars.h), and the manual named in each row.
LOADER: dict[str, str] = {
    "which program is found": """
        CDPATH FPATH HOME PATH PATHEXT SHELL TMPDIR XDG_*
    """,
    "ld.so(8), dyld(1)": """
        _RLD* DYLD_* GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LD_* LIBPATH LOCALDOMAIN LOCPATH
        MALLOC_* NIS_PATH NLSPATH RES_OPTIONS RESOLV_* SHLIB_PATH TZDIR
    """,
    "bash(1), sh(1p), zshparam(1)": """
        BASH_ENV BASH_FUNC_* BASH_LOADABLES_PATH BASHOPTS ENV GLOBIGNORE HISTFILE IFS MAILPATH
        NULLCMD PERIOD PROMPT_COMMAND PS1 PS2 PS3 PS4 READNULLCMD SHELLOPTS ZDOTDIR
    """,
    "python(1)": """
        CONDA_* PIP_* PIPX_* POETRY_* PYTHON* UV_* VIRTUAL_ENV
    """,
    "node(1), npm-config(7)": """
        BUN_* COREPACK_* DENO_* ELECTRON_RUN_AS_NODE NODE_COMPILE_CACHE NODE_EXTRA_CA_CERTS
        NODE_OPTIONS NODE_PATH NODE_REPL_* NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE NPM_CONFIG_*
        npm_config_* PNPM_* YARN_*
    """,
    "git(1)": """
        CVS_RSH GIT_* HGEDITOR HGMERGE HGRCPATH RSYNC_* SVN_*
    """,
    "perlrun(1), ruby(1), php(1), lua(1), Rscript(1), tclsh(1)": """
        BUNDLE_* COMPOSER_* ELIXIR_* ERL_* GEM_* GUILE_LOAD_* JULIA_* LUA_* PERL5* PERL_* PERLLIB
        PHP_INI_SCAN_DIR PHPRC R_ENVIRON* R_LIBS* R_PROFILE* RUBYLIB RUBYOPT RUBYSHELL TCL_LIBRARY
        TCLLIBPATH
    """,
    "java(1), dotnet(1)": """
        _JAVA_OPTIONS CLASSPATH COMPlus_* COR_* CORECLR_* DOTNET_* GRADLE_OPTS GRADLE_USER_HOME
        JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS MAVEN_ARGS MAVEN_CONFIG MAVEN_OPTS
        MONO_* MSBUILD* NUGET_* SBT_OPTS
    """,
    "go help environment, cargo, cc(1), make(1)": """
        AR CARGO_* CC CFLAGS CMAKE_* COMPILER_PATH CPATH CPP CXX CXXFLAGS GCC_EXEC_PREFIX GNUMAKEFLAGS
        GOBIN GOENV GOFLAGS GONOSUMCHECK GONOSUMDB GOPATH GOPROXY GOROOT GOSUMDB GOTOOLCHAIN LD LDFLAGS
        LIBRARY_PATH MAKEFILES MAKEFLAGS PKG_CONFIG* RUSTC* RUSTFLAGS RUSTUP_*
    """,
    "where traffic goes, and who is believed: curl(1), openssl(1), ssh(1)": """
        *_PROXY *_proxy ANSIBLE_* AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_ENDPOINT_URL*
        AWS_SHARED_CREDENTIALS_FILE AZURE_CONFIG_DIR BAO_ADDR BAO_AGENT_ADDR BAO_CA* BAO_PROXY_ADDR
        BAO_SKIP_VERIFY BOTO_CONFIG CLOUDSDK_API_ENDPOINT_* CLOUDSDK_CONFIG CLOUDSDK_PYTHON*
        CONTAINER_HOST CURL_CA_BUNDLE CURL_HOME DBUS_* DEBUGINFOD_URLS DOCKER_CERT_PATH DOCKER_CONFIG
        DOCKER_CONTEXT DOCKER_HOST DOCKER_TLS* GNUPGHOME GOOGLE_APPLICATION_CREDENTIALS GPG_*
        HELM_CONFIG_HOME HELM_DATA_HOME HELM_PLUGINS KRB5* KUBECONFIG LIBMYSQL_PLUGIN* MYSQL_HOME NETRC
        OPENSSL_* PGPASSFILE PGSERVICEFILE PGSSL* PGSYSCONFDIR PSQLRC REQUESTS_CA_BUNDLE SSH_*
        SSL_CERT* SSLKEYLOGFILE SUDO_* TERRAFORM_CONFIG TF_CLI_* TF_DATA_DIR TF_PLUGIN_* VAULT_ADDR
        VAULT_AGENT_ADDR VAULT_CA* VAULT_PROXY_ADDR VAULT_SKIP_VERIFY WGETRC
    """,
    "which program is started: environ(7), less(1), man(1), vim(1)": """
        *_ASKPASS *_EDITOR *_PAGER ASDF_* BROWSER DIRENV_* EDITOR EMACSDATA EMACSLOADPATH EMACSPATH
        EXINIT FCEDIT GIO_EXTRA_MODULES GTK_MODULES GTK_PATH GUIX_* GVIMINIT HUSKY* INPUTRC IPYTHONDIR
        JUPYTER_CONFIG_* JUPYTER_PATH LEFTHOOK* LESS LESSCLOSE LESSKEY* LESSOPEN LIBGL_DRIVERS_PATH
        MANOPT MANPAGER MISE_* MORE MYVIMRC NIX_* NVIM_* PAGER PRE_COMMIT_* PS_FORMAT QT_PLUGIN_PATH
        QT_QPA_* SCREENRC STARSHIP_CONFIG TERMCAP TERMINFO* TERMPATH TMUX_TMPDIR VIM VIMINIT VIMRUNTIME
        VISUAL VK_DRIVER_FILES VK_ICD_FILENAMES VK_LAYER_PATH
    """,
}

_loader: tuple[frozenset[str], tuple[str, ...], tuple[str, ...]] | None = None  # names, beginnings, ends
OURS = "SECRETRUN_"  # what steers us is for the user alone


def is_loader(name: str) -> bool:
    """Whether a variable of this name decides which code runs, or whom a program believes."""
    global _loader  # noqa: PLW0603  made when it is first asked for: a run by -e asks nothing
    if _loader is None:
        rows = [one for row in LOADER.values() for one in row.split()]
        _loader = (
            frozenset(one for one in rows if "*" not in one),
            tuple(one[:-1] for one in rows if one.endswith("*")),
            tuple(one[1:] for one in rows if one.startswith("*")),
        )
    names, beginnings, ends = _loader
    return name in names or name.startswith(beginnings) or name.endswith(ends)
