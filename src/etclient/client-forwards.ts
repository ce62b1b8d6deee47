import { tmpdir } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { printable } from '../base/printable.ts';
import type { RandomSource } from '../base/random.ts';
import { formatEndpoint } from '../forward/endpoint.ts';
import type { Forward } from '../forward/forward.ts';
import { ForwardSet } from '../forward/forward-set.ts';
import { type ForwardSpec, formatForward } from '../forward/forward-spec.ts';
import { portHolder } from '../link/port-holder.ts';
import { ClientControl } from './client-control.ts';
import type { ClientSession } from './client-session.ts';
import type { ControlSubject } from './client-status.ts';
import { ControlSocket, type ControlSocketDeps } from './control-socket.ts';
import type { ForwardPlan } from './forward-plan.ts';
import { ForwardTotals } from './forward-totals.ts';
import { type AddedForward, LiveForwards } from './live-forwards.ts';

/** Causes that are remembered of each forward, so that each is said once. */
const MAX_CAUSES = 64;
/** Who adds a forward waits for the far side no longer than this, in milliseconds: there may be no link. */
const LISTEN_WITHIN_MS = 10_000;

export interface ClientForwardsDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** One line for the user. */
  readonly say: (line: string) => void;
  /** Nothing else is on the screen: connections that fail are said there, and not only in the log. */
  readonly isAlone: boolean;
  /** -q */
  readonly isQuiet: boolean;
  /** Connections through them are compressed. */
  readonly isCompressed: boolean;
  /** Where the client can be asked. */
  readonly control: Pick<ControlSocketDeps, 'directories' | 'ownerId' | 'pid'>;
  /** Has `callback` called before the process ends, by whatever but SIGKILL. */
  readonly onExit: (callback: () => void) => void;
}

/** The forwards of this process, and what is said about them. They outlive the session that carries them. */
export class ClientForwards {
  readonly set: ForwardSet;
  /** Adds and removes them while the client runs. */
  readonly live: LiveForwards;
  readonly #deps: ClientForwardsDeps;
  readonly #plan: ForwardPlan;
  readonly #said = new WeakMap<Forward, Set<string>>();
  /** Those whose adder is told what became of them, and nobody else. */
  readonly #awaited = new Map<ForwardSpec, (failure: string | undefined) => void>();
  readonly #totals = new ForwardTotals();
  #control: ClientControl | undefined;
  #onFatal: (message: string) => void = () => undefined;
  #hasStarted = false;
  /** Those that work waits for, which are neither listening nor failed. */
  readonly #unsettled: Set<ForwardSpec>;
  #settleAll: () => void = () => undefined;
  /** What is to be there before programs start is, or has failed. */
  readonly settled: Promise<void>;

  constructor(deps: ClientForwardsDeps, plan: ForwardPlan) {
    this.#deps = deps;
    this.#plan = plan;
    // What listens here does so in a moment. The far side is waited for where a failure is to end it all.
    this.#unsettled = new Set(plan.specs.filter(({ kind }) => plan.exitOnFailure || !isFar(kind)));
    this.settled = new Promise((resolve) => {
      this.#settleAll = resolve;
    });
    if (this.areSettled) this.#settleAll();
    const { clock, random } = deps;
    this.set = new ForwardSet(
      {
        clock,
        random,
        temporaryDirectory: tmpdir(),
        holderOf: portHolder,
        udpIdleMs: plan.udpIdleMs,
        isCompressed: deps.isCompressed,
        permitRemoteOpen: plan.permitRemoteOpen,
      },
      {
        onListening: (forward) => this.#listening(forward),
        // The far side may have written it.
        onFailed: (forward, text) => this.#failed(forward, printable(text)),
        onRefused: (forward, text) => this.#refused(forward, printable(text)),
      },
    );
    this.live = new LiveForwards({
      set: this.set,
      gatewayPorts: plan.gatewayPorts,
      add: (spec) => this.#add(spec),
      remove: (forward) => this.#remove(forward),
    });
  }

  get areSettled(): boolean {
    return this.#unsettled.size === 0;
  }

  /** Begins to listen, at its first call. `onFatal` is called where ExitOnForwardFailure wants the client to end. */
  start(onFatal: (message: string) => void): void {
    this.#onFatal = onFatal;
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    if (!this.#deps.isQuiet)
      for (const problem of this.#plan.problems) this.#deps.say(`et: ${problem}`);
    for (const spec of this.#plan.specs) this.set.add(spec);
  }

  /** Has connections carried by `client`, whose work runs on `workStream`. Call before the work is asked for. */
  attach(client: ClientSession, workStream: number): void {
    const serve = client.serverOpens.serve.bind(client.serverOpens);
    this.set.attach(client.mux, serve, workStream);
  }

  /** From now on the client can be asked, and what it is asked is about this session. */
  serveControl(subject: ControlSubject): void {
    if (this.#control !== undefined) {
      this.#control.subject = subject;
      return;
    }
    const { clock, control, onExit } = this.#deps;
    this.#control = new ClientControl(
      {
        clock,
        pid: control.pid,
        live: this.live,
        statusOfForwards: () => this.set.status(),
        totals: () => this.#totals.sum(this.set.status()),
      },
      subject,
    );
    const onNowhere = (text: string): void => this.#cannotBeAsked(text);
    const socket = new ControlSocket({ ...this.#deps, ...control, onNowhere }, this.#control);
    onExit(() => socket.close());
    onExit(() => this.set.vanish());
    void socket.listen();
  }

  /** The session of `id` and `host` is over, and another is on its way. */
  betweenSessions(subject: Omit<ControlSubject, 'id' | 'host'>): void {
    if (this.#control !== undefined)
      this.#control.subject = { ...this.#control.subject, ...subject };
  }

  #cannotBeAsked(text: string): void {
    const { isAlone, isQuiet, say } = this.#deps;
    if (isAlone && !isQuiet) say(`et: et status and et forward cannot find this client: ${text}`);
  }

  #add(spec: ForwardSpec): AddedForward {
    const failure = new Promise<string | undefined>((resolve) => {
      const timer = this.#deps.clock.schedule(LISTEN_WITHIN_MS, () =>
        this.#settle(spec, `no answer within ${LISTEN_WITHIN_MS / 1000} s`),
      );
      this.#awaited.set(spec, (text) => {
        timer.cancel();
        resolve(text);
      });
    });
    try {
      return { forward: this.set.add(spec), failure };
    } catch (error) {
      this.#settle(spec, undefined);
      throw error;
    }
  }

  #remove(forward: Forward): void {
    this.#settle(forward.spec, 'it was removed');
    this.#settledOne(forward.spec);
    this.set.remove(forward);
    this.#totals.removed(forward);
    this.#said.delete(forward);
  }

  /** Tells who has added a forward what became of it; false where nobody waits for that. */
  #settle(spec: ForwardSpec, failure: string | undefined): boolean {
    const settle = this.#awaited.get(spec);
    this.#awaited.delete(spec);
    settle?.(failure);
    return settle !== undefined;
  }

  #listening(forward: Forward): void {
    const { spec, place } = forward;
    this.#settledOne(spec);
    const isAwaited = this.#settle(spec, undefined);
    this.#deps.logger.log(1, `forwards ${formatForward({ ...spec, listen: place })}`);
    const isAsked = spec.kind === 'remote' && spec.listen.kind === 'tcp' && spec.listen.port === 0;
    if (isAwaited || !isAsked || place.kind !== 'tcp' || this.#deps.isQuiet) return;
    const target = spec.target === undefined ? 'SOCKS' : formatEndpoint(spec.target);
    this.#deps.say(`Allocated port ${place.port} for remote forward to ${target}`);
  }

  #failed(forward: Forward, text: string): void {
    if (this.#settle(forward.spec, text)) return;
    const message = `${forward.spec.source}: ${text}`;
    if (this.#plan.exitOnFailure) this.#onFatal(message);
    else if (this.#isNews(forward, text)) this.#deps.say(`et: ${message}`);
    this.#settledOne(forward.spec);
  }

  #settledOne(spec: ForwardSpec): void {
    this.#unsettled.delete(spec);
    if (this.areSettled) this.#settleAll();
  }

  #refused(forward: Forward, text: string): void {
    const { isAlone, isQuiet, logger, say } = this.#deps;
    if (!this.#isNews(forward, text)) return;
    const message = `${forward.spec.source}: ${text}`;
    if (isAlone && !isQuiet) say(`et: ${message}`);
    else logger.log(1, message);
  }

  /** Each cause is said once of each forward: a browser asks a hundred times for what is down. */
  #isNews(forward: Forward, text: string): boolean {
    const said = this.#said.get(forward) ?? new Set();
    this.#said.set(forward, said);
    if (said.has(text) || said.size >= MAX_CAUSES) return false;
    said.add(text);
    return true;
  }
}

function isFar(kind: ForwardSpec['kind']): boolean {
  return kind === 'remote' || kind === 'udp-reverse';
}
