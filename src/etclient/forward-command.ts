import { chooseClient } from './choose-client.ts';
import type { ForwardCommand } from './cli/subcommands.ts';
import type { ForwardReport } from './client-status.ts';
import type { ControlQuestion } from './control-answers.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { formatForwards } from './format-status.ts';
import { type AskingDeps, controlClient } from './status-command.ts';

/** `et forward add`, `rm` and `ls`. Rejects with ET_ERR_STATE where it is not clear which client is meant. */
export async function forwardCommand(command: ForwardCommand, deps: AskingDeps): Promise<WorkEnd> {
  const client = controlClient(deps);
  const { path, status } = chooseClient(await client.find(), command.session);
  const reply = await client.ask(path, questionOf(command));
  switch (reply.kind) {
    case 'ok': {
      const lines = linesOf(command, reply.value);
      if (lines.length > 0) await deps.write(`${lines.join('\n')}\n`);
      return { status: 0 };
    }
    case 'error':
      return { status: FAILURE_STATUS, message: reply.text };
    case 'gone':
      return { status: FAILURE_STATUS, message: `et for ${status.host} has ended` };
    case 'silent':
      return { status: FAILURE_STATUS, message: `et for ${status.host} does not answer` };
  }
}

function questionOf(command: ForwardCommand): ControlQuestion {
  if (command.verb === 'ls') return { ask: 'forward-list' };
  const { flag, value } = command;
  return { ask: command.verb === 'add' ? 'forward-add' : 'forward-remove', flag, value };
}

/** What to print: a table, or the places where it listens now. */
function linesOf({ verb }: ForwardCommand, value: unknown): readonly string[] {
  const { forwards, listens } = value as {
    forwards?: readonly ForwardReport[];
    listens?: readonly string[];
  };
  if (verb === 'ls') return formatForwards(forwards ?? []);
  return verb === 'add' ? (listens ?? []) : [];
}
