// The commands beside `serve`: each opens what it needs, says what it did and gives an exit code.

import { uuidv7 } from 'uuidv7';
import { issueApiKey } from '../auth/api-keys.ts';
import { Sessions } from '../auth/sessions.ts';
import type { Command } from '../cli/arguments.ts';
import { loadConfigFile } from '../config/file.ts';
import { UNRESTRICTED } from '../gateway/key-restrictions.ts';
import { systemClock } from './clock.ts';
import { dataDirOf } from './start.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

export async function checkConfig({ file }: CommandOf<'check-config'>): Promise<number> {
  const config = await loadConfigFile(file, process.env);
  const accounts = (config.providers ?? []).flatMap((provider) => provider.accounts ?? []);
  const found = `${counted(config.providers?.length ?? 0, 'provider')}, ${counted(accounts.length, 'account')}`;
  process.stdout.write(`${file} is valid: ${found}\n`);
  return 0;
}

export async function createKey(command: CommandOf<'create-key'>, entry: URL): Promise<number> {
  return withWorkspace(command.options, entry, async ({ catalog, clock }) => {
    const { username, name } = command;
    const user =
      username === null ? null : catalog.current.rows.users.find((row) => row.username === username);
    if (user === undefined) throw new Error(`Cannot create the API key: there is no user "${username}"`);
    if (catalog.current.rows.apiKeys.some((row) => row.name === name)) {
      throw new Error(`Cannot create the API key: the name "${name}" is taken`);
    }
    const { secret, hash, masked } = issueApiKey();
    const createdAtMs = clock.nowMs();
    const row = {
      ...UNRESTRICTED,
      id: uuidv7(),
      name,
      hash,
      masked,
      userId: user?.id ?? null,
      isEnabled: true,
      createdAtMs,
    };
    await catalog.apply([{ kind: 'put-api-key', row }]);
    process.stdout.write(`${secret}\n`);
    process.stderr.write('This is the only time the key is shown.\n');
  });
}

export async function resetAdmin(command: CommandOf<'reset-admin'>, entry: URL): Promise<number> {
  return withWorkspace(command.options, entry, async ({ storage, clock }) => {
    const token = await new Sessions(storage.admin, clock).issueSetupToken();
    process.stdout.write(`${token}\n`);
    process.stderr.write(
      'Open the panel at /#setup=TOKEN to choose a new admin password. The token works once.\n',
    );
  });
}

/** Opens the data directory for one piece of work. Resolves to the exit code. */
export async function withWorkspace(
  options: CommandOf<'create-key'>['options'],
  entry: URL,
  work: (workspace: Workspace) => Promise<void>,
): Promise<number> {
  const dataDir = await dataDirOf(options);
  const workspace = await openWorkspace({ dataDir, masterKey: options.masterKey, entry, clock: systemClock });
  try {
    await work(workspace);
    return 0;
  } finally {
    await workspace.storage.close();
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
