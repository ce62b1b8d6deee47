import type { Clock } from '../base/clock.ts';
import type { Endpoint } from '../forward/endpoint.ts';
import { FORWARD_STREAM } from '../forward/forward.ts';
import { EscapeFilter } from '../terminal/escape-filter.ts';
import { answerEscape } from './answer-escape.ts';
import type { BenchWork, HistoryWork, SessionFlags } from './cli/client-command.ts';
import { parseEscapeChar } from './cli/flag-values.ts';
import type { BacklogPolicy } from './cli/leaving-flags.ts';
import type { ClientIo } from './client-io.ts';
import type { ClientSession } from './client-session.ts';
import { ExecService } from './exec-service.ts';
import { FAILURE_STATUS, HANG_UP_STATUS, type WorkEnd } from './exit.ts';
import type { ForwardAccess } from './forward-access.ts';
import type { Service, ServiceEnds } from './run-session.ts';
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
  | HistoryWork
  /** Nothing but forwards. */
  | { readonly kind: 'none' };

export interface WorkDeps {
  readonly clock: Clock;
  readonly io: ClientIo;
  readonly flags: Pick<SessionFlags, 'noStdin' | 'escape' | 'quiet' | 'backlog'>;
  /** What is to be forwarded meanwhile. */
  readonly forwards: ForwardAccess;
  /** Of what a command without a terminal reads and writes, or `-W`. */
  readonly isCompressed: boolean;
  /** Stops this process, as ^Z in a shell would, and returns when it goes on. */
  readonly stopSelf: () => void;
  /** Who works here, as others on the host are told: `anna@laptop`. */
  readonly by: string;
  /** The server has made another root secret for this client. */
  readonly onRoot: (root: Uint8Array) => void;
}

/** The flag, else ssh_config's ServerAliveInterval, where 0 is none. */
export function keepaliveMs(typed: number | undefined, configured = 0): number | undefined {
  const seconds = typed ?? configured;
  return seconds === 0 ? undefined : seconds * 1000;
}

/**
 * Makes the service that does the work. The work is asked for once forwards have
 * settled as far as they must: whoever runs `et -L 8003:db:80 host make` wants make to find the port.
 */
export function makeService(
  deps: WorkDeps,
  work: SessionWork,
  client: ClientSession,
  ends: ServiceEnds,
): Service {
  const forwards = deps.forwards.current;
  forwards?.attach(client, work.kind === 'terminal' ? 0 : FORWARD_STREAM);
  if (forwards === undefined || forwards.areSettled || work.kind === 'none')
    return startWork(deps, work, client, ends);
  const start = (): Service =>
    client.session.isOver ? NO_TERMINAL : startWork(deps, work, client, ends);
  return lateService(forwards.settled.then(start));
}

function startWork(
  deps: WorkDeps,
  work: SessionWork,
  client: ClientSession,
  ends: ServiceEnds,
): Service {
  const { clock, io, flags, isCompressed } = deps;
  const { over, received } = ends;
  const onFailed = (error: Error): void => over(failedBy(error));
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
  if (work.kind === 'history') {
    const history = { clock, stdoutFd: 1, onOver: over };
    return lateService(
      import('./history-service.ts').then(({ historyService }) =>
        historyService(client, work, history),
      ),
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
  return startTerminal(deps, work, client, ends);
}

function startTerminal(
  deps: WorkDeps,
  work: SessionWork & { readonly kind: 'terminal' },
  client: ClientSession,
  ends: ServiceEnds,
): Service {
  const { clock, io, flags } = deps;
  const { over, received, leave } = ends;
  const escapeChar = io.isInputTerminal ? escapeOf(flags.escape, work.configuredEscape) : undefined;
  const escapes = {
    client,
    escapeChar: escapeChar ?? '~',
    isQuiet: flags.quiet,
    forwards: deps.forwards,
    stopSelf: deps.stopSelf,
    over,
    leave,
  };
  const isTerminal = io.isInputTerminal && io.isOutputTerminal;
  const service: TerminalService = new TerminalService(client, {
    clock,
    terminal: io.terminal,
    input: flags.noStdin ? undefined : io.input,
    escapes: new EscapeFilter(escapeChar?.charCodeAt(0)),
    request: work.request,
    attach: { backlog: backlogPolicy(flags.backlog, isTerminal), by: deps.by },
    onRoot: deps.onRoot,
    onHangUp: io.isInputTerminal ? () => leave(HANG_UP_STATUS) : undefined,
    say: isTerminal ? undefined : io.say,
    onReceived: received,
    onOver: over,
    onFailed: (error) => over(failedBy(error)),
    onEscape: (action) => answerEscape(action, service, escapes),
  });
  return {
    onFirstLink: () => service.begin(),
    onOutage: () => service.onOutage(),
    onRecovered: () => service.onRecovered(),
    restore: () => service.restore(),
  };
}

function failedBy({ message }: Error): WorkEnd {
  return { status: FAILURE_STATUS, message };
}

/** Nobody can be asked by a script, and what it prints is to be whole. */
export function backlogPolicy(
  typed: BacklogPolicy | undefined,
  isTerminal: boolean,
): BacklogPolicy {
  if (isTerminal) return typed ?? 'live';
  return typed === 'live' ? typed : 'replay';
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
