import { Command } from 'commander';
import { exitCode, Failure } from '../base/errors.ts';
import { agreementCommands } from './agreement.ts';
import { auditCommand } from './audit.ts';
import { componentCommand } from './component/index.ts';
import { completionCommands } from './completion/index.ts';
import { componentCommands } from './components.ts';
import { diagnosisCommands } from './diagnosis.ts';
import { arrangeHelp } from './examples.ts';
import { exportCommand } from './exports.ts';
import { installCommand } from './install.ts';
import { logsCommand } from './logs.ts';
import { networkCommand } from './network.ts';
import type { CliOptions } from './options.ts';
import { processCommands } from './process.ts';
import { repositoryCommands } from './repositories.ts';
import { serviceCommands } from './service/commands.ts';
import { settingCommands } from './settings.ts';
import { stateCommands } from './state.ts';
import { storeCommand } from './stores.ts';
import { tokenCommand } from './token.ts';
import { usageProblems } from './usage.ts';
import { wipeCommand } from './wipe.ts';

/**
 * The whole command line. `parseAsync` prints what a command has to say; a command that fails prints one sentence (with
 * `--json`: the problem) on standard error and sets `process.exitCode` to its code of sysexits.h. Failures of `start` and
 * `dev` are thrown.
 */
export function createProgram(options: CliOptions): Command {
  const program: Command = new Command('databox')
    .description('A personal data platform: apps use your data where it is, and only as you agreed.')
    .version(options.version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError()
    .configureOutput(usageProblems(() => (program as { rawArgs?: string[] }).rawArgs ?? []))
    .exitOverride(({ exitCode: code }) => process.exit(code === 0 ? 0 : exitCode(new Failure('usage', ''))));
  settingCommands(program, options);
  processCommands(program, options);
  serviceCommands(program);
  diagnosisCommands(program, options);
  installCommand(program);
  componentCommand(program, options);
  componentCommands(program);
  logsCommand(program);
  agreementCommands(program);
  networkCommand(program);
  exportCommand(program);
  auditCommand(program);
  storeCommand(program, options);
  repositoryCommands(program);
  stateCommands(program, options);
  wipeCommand(program, options);
  tokenCommand(program);
  completionCommands(program);
  arrangeHelp(program);
  return program;
}
