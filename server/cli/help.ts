// The text of `warmpath --help`. Pure.

export function helpText(): string {
  return HELP;
}

const HELP = `Warmpath: the LLM gateway that keeps prompt caches warm

Usage
  warmpath [serve] [flags]           start the gateway and its panel
  warmpath check-config FILE         report every problem of a configuration file
  warmpath keys create --name NAME   make an API key and print it once
           [--user USERNAME]         for this user; without it the key stands alone
  warmpath admin reset               make a new one-time setup token for the panel
  warmpath --help | --version

Flags                  Environment            Default
  --port PORT          WARMPATH_PORT, PORT    8787 (0 = any free port)
  --host HOST          WARMPATH_HOST          127.0.0.1
  --data-dir DIR       WARMPATH_DATA_DIR      the system's place for application data
  --config FILE        WARMPATH_CONFIG        none
  --demo               WARMPATH_DEMO=1        off: with it pretend clients keep the demo busy
                       WARMPATH_ADMIN_TOKEN   bearer token with full admin rights, 16 characters or more
                       WARMPATH_MASTER_KEY    encrypts credentials at rest; else made in the data directory

A flag wins over the environment, the environment over the configuration file.
Keys and admin commands work on the data directory and take --data-dir and --config.

Exit codes: 0 fine, 1 failure, 2 wrong usage.`;
