"""How each real agent is started against the model: its own settings, dummy keys, nothing that goes elsewhere."""

import json
import os

RULES = {
    "claude": {"permissions": {"allow": ["Bash", "Read", "Write"], "deny": ["Bash(touch:*)"]}},
    "opencode": {"permission": {"bash": {"*": "allow", "touch *": "deny"}, "edit": "allow"}},
}


def write(home, name, text):
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text, indent=2))


def claude(home, project, url):
    write(home, ".claude/settings.json", RULES["claude"])
    return ["claude", "-p", "Do it.", "--output-format", "json"], {
        "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-dummy-own-key-1", "ENABLE_TOOL_SEARCH": "false",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
        "SHELL": "/bin/bash",
    }  # fmt: skip


def codex(home, project, url):
    write(home, ".codex/config.toml", "\n".join([
        'model = "fake-model"', 'model_provider = "fake"', "check_for_update_on_startup = false",
        'approval_policy = "never"', 'sandbox_mode = "danger-full-access"', "[analytics]", "enabled = false",
        "[model_providers.fake]", 'name = "fake"', f'base_url = "{url}/v1"', 'wire_api = "responses"',
        'env_key = "FAKE_MODEL_KEY"', f"[projects.{json.dumps(str(project))}]", 'trust_level = "trusted"',
    ]) + "\n")  # fmt: skip
    rules = [("touch", "forbidden"), ("cat", "allow")]
    lines = [f'prefix_rule(pattern = ["{name}"], decision = "{decision}")' for name, decision in rules]
    write(home, ".codex/rules/default.rules", "\n".join(lines) + "\n")
    return ["codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", "Do it."], {
        "FAKE_MODEL_KEY": "sk-dummy-own-key-1"
    }  # fmt: skip


def gemini(home, project, url):
    write(home, ".gemini/settings.json", {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    })  # fmt: skip
    rule = '[[rule]]\ntoolName = "run_shell_command"\ncommandPrefix = "touch"\ndecision = "deny"\npriority = 900\n'
    write(home, ".gemini/policies/rules.toml", rule)
    shells = home / ".local/state/secretrun/shells"
    return ["gemini", "-p", "Do it.", "-m", "gemini-2.5-pro", "--skip-trust", "--yolo"], {
        "GEMINI_API_KEY": "sk-dummy-own-key-1", "GOOGLE_GEMINI_BASE_URL": url, "PATH": f"{shells}:{os.environ['PATH']}",
    }  # fmt: skip


def opencode(home, project, url):
    model = {"name": "fake", "tool_call": True, "limit": {"context": 100000, "output": 4000}}
    fake = {"npm": "@ai-sdk/openai-compatible", "name": "fake", "models": {"fake-model": model},
            "options": {"baseURL": url + "/v1", "apiKey": "sk-dummy-own-key-1"}}  # fmt: skip
    write(home, ".config/opencode/opencode.json", {
        "autoupdate": False, "share": "disabled", "model": "fake/fake-model", "small_model": "fake/fake-model",
        "enabled_providers": ["fake"], "provider": {"fake": fake}, **RULES["opencode"],
    })  # fmt: skip
    write(home, ".npmrc", "fetch-retries=0\n")
    return ["opencode", "run", "Do it."], {
        "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1", "OPENAI_API_KEY": "sk-dummy-own-key-1",
    }  # fmt: skip


def copilot(home, project, url):
    return ["copilot", "--bash-env", "-p", "Do it.", "--no-color", "--log-level", "none", "--allow-all", "--deny-tool", "shell(touch)"], {
        "COPILOT_OFFLINE": "true", "COPILOT_AUTO_UPDATE": "false", "COPILOT_MODEL": "fake-model",
        "COPILOT_PROVIDER_BASE_URL": url + "/v1", "COPILOT_PROVIDER_API_KEY": "sk-dummy-own-key-1",
        "BASH_ENV": str(home / ".local/state/secretrun/shells/env.bash"),
    }  # fmt: skip


AGENTS = {"claude": claude, "codex": codex, "copilot": copilot, "gemini": gemini, "opencode": opencode}
