// The text of `warmpath --help`. Pure.

import { REPLAY_POLICIES } from '../analysis/replay/policies.ts';

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
  warmpath import FILE [flags]       take over a configuration: ours, LiteLLM's, one-api's, new-api's
  warmpath export                    write the configuration without secrets to standard output
  warmpath replay FILE [flags]       compare routing policies on a recorded trace (ptrace1)
  warmpath --help | --version

Flags                  Environment            Default
  --port PORT          WARMPATH_PORT, PORT    8787 (0 = any free port)
  --host HOST          WARMPATH_HOST          127.0.0.1
  --data-dir DIR       WARMPATH_DATA_DIR      the system's place for application data
  --config FILE        WARMPATH_CONFIG        none
  --demo               WARMPATH_DEMO=1        off: with it pretend clients keep the demo busy
                       WARMPATH_ADMIN_TOKEN   bearer token with full admin rights, 16 characters or more
                       WARMPATH_MASTER_KEY    encrypts credentials at rest; else made in the data directory

Flags of import
  --format FORMAT        warmpath, litellm, one-api; without it by the look of the file
  --dry-run              only tell what would change
  --prune                delete the entries of every list in the file that the list does not have

Flags of replay
  --policy A,B           all of them: ${REPLAY_POLICIES.slice(0, 5).join(', ')},
                         ${REPLAY_POLICIES.slice(5).join(', ')}
  --accounts 4,8,16      8
  --utilisation 0.7,0.9  0.7: share of all slots in use if everything warm were read
  --slots N              slots per account instead of --utilisation; tokens are then unlimited
  --bucket RULE          tokens per minute: all (all count), uncached (cache reads do not), none
  --ttl SECONDS          300: lifetime of cached prompts
  --keys N, --seed N     10 API keys that sessions are dealt to, by this seed (1)
  --copies N             4: times the trace is laid over itself, contents kept apart
  --hours H              4: window that sessions are spread over, where their times are relative
  --json                 figures for programs

A flag wins over the environment, the environment over the configuration file.
Keys, admin, import and export work on the data directory and take --data-dir and --config.

Exit codes: 0 fine, 1 failure, 2 wrong usage.`;
