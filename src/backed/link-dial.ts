import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Carrier, Dial } from '../link/carrier.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../wire/limits.ts';
import type { HandshakeContext, LinkCrypto } from '../wire/link-crypto.ts';
import type { ClientKeys } from './client-keys.ts';
import { DatagramHandshake, type StartedHello } from './datagram-handshake.ts';
import { HandshakeClient } from './handshake-client.ts';
import type { DialResult, StartDial } from './redialer.ts';

/** What one client process says in every hello. */
export interface LinkDialOptions {
  readonly clock: Clock;
  readonly crypto: LinkCrypto;
  readonly context: Omit<HandshakeContext, 'kind'>;
  /** What a router is to know the server by, asked for each hello. */
  readonly routeId: () => Uint8Array;
  readonly instance: Uint8Array;
  readonly keys: ClientKeys;
  /** Every datagram, of links that are of datagrams, is to be this long, in bytes. */
  readonly padBytes?: number | undefined;
  /** How long the answer to a hello may take, in milliseconds. Default `HANDSHAKE_TIMEOUT_MS`. */
  readonly handshakeMs?: number;
  /** Whether a failure means that this machine has no road at all. */
  readonly isNoRoute: (error: unknown) => boolean;
}

/** A handshake over a carrier, until it has said what came of it. */
export interface RunningHandshake {
  /** The carrier's. */
  readonly label: string;
  /** Gives the attempt up. No event follows. */
  cancel(): void;
}

/**
 * A dial of carriers, followed by the handshake: what comes of it is a link. `name` is for a failure that does not say itself what was
 * tried.
 */
export function linkDial(options: LinkDialOptions, dial: Dial, name = 'link'): StartDial {
  return (done) => {
    const { clock } = options;
    const startedMs = clock.now();
    const abort = new AbortController();
    let handshake: RunningHandshake | undefined;
    let lastWords: Timer | undefined;
    let isOver = false;
    const finish = (result: DialResult): void => {
      if (isOver) return;
      isOver = true;
      lastWords?.cancel();
      done(result);
    };
    const timeOut = (what: string): void => {
      const seconds = Math.round((clock.now() - startedMs) / 100) / 10;
      const error = new EtError('ET_ERR_LINK_TIMEOUT', `${what} after ${seconds} s`);
      finish({ kind: 'failed', error, noRoute: false });
    };
    dial(abort.signal).then(
      (carrier) => {
        if (abort.signal.aborted) carrier.reset();
        else handshake = shakeHands(options, carrier, finish, options.handshakeMs);
      },
      (error: unknown) =>
        finish({ kind: 'failed', error: linkErrorOf(error), noRoute: options.isNoRoute(error) }),
    );
    const cancel = (): void => {
      isOver = true;
      lastWords?.cancel();
      abort.abort();
      handshake?.cancel();
    };
    const expire = (): void => {
      if (isOver || lastWords !== undefined) return;
      // Who dials TCP knows each address that did not answer; others take longer to end than anybody waits.
      lastWords = clock.schedule(0, () => timeOut(`${name} timed out`));
      abort.abort();
      if (handshake === undefined) return;
      handshake.cancel();
      timeOut(`${handshake.label}: no answer to the hello`);
    };
    return { cancel, expire };
  };
}

/** The handshake over a carrier that is there already. */
export function shakeHands(
  options: LinkDialOptions,
  carrier: Carrier,
  done: (result: DialResult) => void,
  timeoutMs: number = HANDSHAKE_TIMEOUT_MS,
): RunningHandshake {
  const { clock, keys, isNoRoute } = options;
  const events = {
    onLink: (link: (DialResult & { kind: 'link' })['link'], root: Uint8Array | undefined): void => {
      keys.answered(root);
      done({ kind: 'link', link });
    },
    onFail: (error: EtError): void => done({ kind: 'failed', error, noRoute: isNoRoute(error) }),
  };
  if (carrier.kind === 'datagrams') {
    const nextHello = (): StartedHello => startHello(options, 'datagrams');
    return new DatagramHandshake(carrier, nextHello, clock, events, timeoutMs);
  }
  const { handshake, payload } = startHello(options, 'bytes');
  return new HandshakeClient(carrier, handshake, payload.dialNumber, clock, events, timeoutMs);
}

function startHello(options: LinkDialOptions, kind: Carrier['kind']): StartedHello {
  const { crypto, context, routeId, instance, keys } = options;
  const { key, secret, dialNumber } = keys.nextHello();
  const padBytes = kind === 'datagrams' ? options.padBytes : undefined;
  const payload = { instance, dialNumber, padBytes };
  const handshake = crypto.startClient({ ...context, kind }, routeId(), key, secret, payload);
  return { handshake, payload };
}

function linkErrorOf(thrown: unknown): EtError {
  if (thrown instanceof EtError) return thrown;
  return new EtError('ET_ERR_DIAL', messageOf(thrown), { cause: thrown });
}
