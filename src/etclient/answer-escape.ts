import type { EscapeAction } from '../terminal/escape-filter.ts';
import { escapeHelp } from '../terminal/escape-help.ts';
import type { ClientSession } from './client-session.ts';
import { describeSession } from './describe-link.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import type { ForwardAccess } from './forward-access.ts';
import type { TerminalService } from './terminal-service.ts';

export interface EscapeDeps {
  readonly client: ClientSession;
  readonly escapeChar: string;
  readonly isQuiet: boolean;
  readonly forwards: ForwardAccess;
  readonly stopSelf: () => void;
  readonly over: (end: WorkEnd) => void;
  /** The session goes on without us. */
  readonly leave: (status: number) => void;
}

/** Does what an escape asks for. */
export function answerEscape(
  action: EscapeAction,
  service: Pick<TerminalService, 'say' | 'suspend' | 'prompt'>,
  deps: EscapeDeps,
): void {
  const { escapeChar, forwards } = deps;
  switch (action) {
    case 'end':
      deps.over({ status: FAILURE_STATUS, message: deps.isQuiet ? undefined : 'session ended' });
      return;
    case 'detach':
      deps.leave(0);
      return;
    case 'help':
      service.say(`${escapeChar}?\r\n${escapeHelp(escapeChar)}`);
      return;
    case 'status':
      service.say(`${escapeChar}s\r\n${describeSession(deps.client).join('\r\n')}\r\n`);
      return;
    case 'suspend':
      service.suspend(deps.stopSelf);
      return;
    case 'command':
      service.prompt(async (line) => {
        const { runPromptLine } = await import('./prompt-commands.ts');
        return await runPromptLine(line, forwards);
      });
      return;
    case 'forwards':
      void import('./prompt-commands.ts').then(({ listForwards }) =>
        service.say(`${escapeChar}#\r\n${listForwards(forwards).join('\r\n')}\r\n`),
      );
      return;
  }
}
