import type { Clock } from '../base/clock.ts';
import type { Endpoint } from '../forward/endpoint.ts';
import { FORWARD_STREAM } from '../forward/forward.ts';
import { EscapeFilter } from '../terminal/escape-filter.ts';
import { answerEscape } from './answer-escape.ts';
import type { BenchWork, SessionFlags } from './cli/client-command.ts';
import { parseEscapeChar } from './cli/flag-values.ts';
import type { ClientIo } from './client-io.ts';
import type { ClientSession } from './client-session.ts';
import { ExecService } from './exec-service.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import type { ForwardAccess } from './forward-access.ts';
import type { Service } from './run-session.ts';
import { StdioService } from './stdio-service.ts';
import { type ShellRequest, TerminalService } from './terminal-service.ts';

/** What is asked of the server, once flags and ssh_config have been put together. */
export type SessionWork =
  | {
      readonly kind: 'terminal';
      readonly request: ShellRequest | undefined;
      /** ssh_config's EscapeChar; `undefined` where there is none. */
      readonly configuredEscape: string | undefined;
    }
  | {
      readonly kind: 'exec';
      readonly command: string;
      /** `command` is the name of one. */
      readonly subsystem: boolean;
      readonly env: Readonly<Record<string, string>>;
    }
  /** A connection that is made on the host. */
  | { readonly kind: 'stdio'; readonly target: Endpoint }
  | BenchWork
  /** Nothing but forwards. */
  | { readonly kind: 'none' };

export interface WorkDeps {
  readonly clock: Clock;
  readonly io: ClientIo;
  readonly flags: Pick<SessionFlags, 'noStdin' | 'escape' | 'quiet'>;
  /** What is to be forwarded meanwhile. */
  readonly forwards: ForwardAccess;
  /** Of what a command without a terminal reads and writes, or `-W`. */
  readonly isCompressed: boolean;
  /** Stops this process, as ^Z in a shell would, and returns when it goes on. */
  readonly stopSelf: () => void;
}

/** A terminal is given to a shell where there is one here, to a command where it is asked for: as ssh does. */
export function decideTerminal(
  flags: Pick<SessionFlags, 'work' | 'terminal' | 'noStdin'>,
  io: Pick<ClientIo, 'isInputTerminal'>,
  requestTty: 'auto' | 'no' | 'yes' | 'force',
): boolean {
  if (flags.work.kind === 'terminal-command') return true;
  if (flags.terminal !== 'default') return flags.terminal === 'forced';
  // A subsystem speaks a protocol: what a user has configured for commands would break it.
  if (flags.work.kind === 'subsystem') return false;
  if (flags.work.kind === 'none' || flags.work.kind === 'stdio') return false;
  if (flags.work.kind === 'bench') return false;
  if (requestTty === 'force') return true;
  if (requestTty === 'no' || !io.isInputTerminal || flags.noStdin) return false;
  return flags.work.kind === 'shell' || requestTty === 'yes';
}

/** The flag, else ssh_config's ServerAliveInterval, where 0 is none. */
export function keepaliveMs(typed: number | undefined, configured = 0): number | undefined {
  const seconds = typed ?? configured;
  return seconds === 0 ? undefined : seconds * 1000;
}

/**
 * Makes the service that does the work; `over` and `received` are those of RunOptions. The work is asked for once forwards have
 * settled as far as they must: whoever runs `et -L 8003:db:80 host make` wants make to find the port.
 */
export function makeService(
  deps: WorkDeps,
  work: SessionWork,
  client: ClientSession,
  over: (end: WorkEnd) => void,
  received: () => void,
): Service {
  const forwards = deps.forwards.current;
  forwards?.attach(client, work.kind === 'terminal' ? 0 : FORWARD_STREAM);
  if (forwards === undefined || forwards.areSettled || work.kind === 'none')
    return startWork(deps, work, client, over, received);
  const start = (): Service =>
    client.session.isOver ? NO_TERMINAL : startWork(deps, work, client, over, received);
  return lateService(forwards.settled.then(start));
}

function startWork(
  deps: WorkDeps,
  work: SessionWork,
  client: ClientSession,
  over: (end: WorkEnd) => void,
  received: () => void,
): Service {
  const { clock, io, flags, isCompressed } = deps;
  const onFailed = (error: Error): void => over({ status: FAILURE_STATUS, message: error.message });
  const input = flags.noStdin ? undefined : io.input;
  if (work.kind === 'none') return NO_TERMINAL;
  if (work.kind === 'stdio') {
    new StdioService(client, work.target, {
      clock,
      input,
      isCompressed,
      stdoutFd: 1,
      onOver: over,
    });
    return NO_TERMINAL;
  }
  if (work.kind === 'bench') {
    const bench = { clock, stdoutFd: 1, say: io.say, isQuiet: flags.quiet, onOver: over };
    return lateService(
      import('./bench-command.ts').then(({ benchCommand }) => benchCommand(client, work, bench)),
    );
  }
  if (work.kind === 'exec') {
    new ExecService(client, work, {
      clock,
      input,
      isCompressed,
      stdoutFd: 1,
      stderrFd: 2,
      onReceived: received,
      onOver: over,
      onFailed,
    });
    return NO_TERMINAL;
  }
  const escapeChar = io.isInputTerminal ? escapeOf(flags.escape, work.configuredEscape) : undefined;
  const escapes = {
    client,
    escapeChar: escapeChar ?? '~',
    isQuiet: flags.quiet,
    forwards: deps.forwards,
    stopSelf: deps.stopSelf,
    over,
  };
  const service: TerminalService = new TerminalService(client, {
    clock,
    terminal: io.terminal,
    input,
    escapes: new EscapeFilter(escapeChar?.charCodeAt(0)),
    request: work.request,
    onReceived: received,
    onOver: over,
    onFailed,
    onEscape: (action) => answerEscape(action, service, escapes),
  });
  return {
    onFirstLink: () => service.begin(),
    onOutage: () => service.onOutage(),
    onRecovered: () => service.onRecovered(),
    restore: () => service.restore(),
  };
}

/** The flag, else ssh_config, else ssh's own default; `undefined` when nothing begins an escape. */
export function escapeOf(typed: string | null | undefined, configured = '~'): string | undefined {
  return (typed === undefined ? parseEscapeChar(configured) : typed) ?? undefined;
}

/** A service that is still being loaded: it is told what happens meanwhile once it is there. */
function lateService(loading: Promise<Service>): Service {
  return {
    onFirstLink: () => void loading.then((service) => service.onFirstLink()),
    onOutage: () => void loading.then((service) => service.onOutage()),
    onRecovered: () => void loading.then((service) => service.onRecovered()),
    restore: () => void loading.then((service) => service.restore()),
  };
}

/** A command has no terminal to set and no title to write into. */
const NO_TERMINAL: Service = {
  onFirstLink: () => undefined,
  onOutage: () => undefined,
  onRecovered: () => undefined,
  restore: () => undefined,
};
