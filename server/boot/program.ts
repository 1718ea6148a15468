// From argv to a command and its exit code.

import { parseArguments } from '../cli/arguments.ts';
import { helpText } from '../cli/help.ts';
import { renderUsageError } from '../cli/usage-error.ts';
import { checkConfig, createKey, resetAdmin } from './commands.ts';
import { errorFields } from './log.ts';
import { replayTrace } from './replay-command.ts';
import { serve } from './start.ts';
import { exportToOutput, importFile } from './transfer-commands.ts';
import { VERSION } from './version.ts';

/** `entry`: the program's main module, with which the database's thread is started. */
export async function runProgram(entry: URL): Promise<void> {
  const command = parseArguments(process.argv.slice(2), process.env);
  try {
    switch (command.kind) {
      case 'usage-error':
        process.stderr.write(`${renderUsageError(command)}\n`);
        process.exit(2);
        break;
      case 'help':
        process.stdout.write(`${helpText()}\n`);
        return;
      case 'version':
        process.stdout.write(`warmpath ${VERSION}\n`);
        return;
      case 'check-config':
        process.exitCode = await checkConfig(command);
        return;
      case 'create-key':
        process.exitCode = await createKey(command, entry);
        return;
      case 'reset-admin':
        process.exitCode = await resetAdmin(command, entry);
        return;
      case 'replay':
        process.exitCode = await replayTrace(command);
        return;
      case 'import':
        process.exitCode = await importFile(command, entry);
        return;
      case 'export':
        process.exitCode = await exportToOutput(command, entry);
        return;
      case 'serve':
        await serve(command.options, entry);
        return;
      default:
        command satisfies never;
    }
  } catch (error) {
    process.stderr.write(`${errorFields(error).message}\n`);
    process.exit(1);
  }
}
