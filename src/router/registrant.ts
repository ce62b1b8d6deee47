import { fromHex, toHex, utf8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { StreamSocketEvents } from '../link/stream-socket.ts';
import { MAX_SECRETS_PER_LINE, SECRET_BYTES, UNPROVEN_MS } from '../wire/limits.ts';
import type { JsonObject } from '../wire/messages.ts';
import type { Claims } from './claims.ts';
import type { Joinable } from './joinable.ts';
import { LineReader } from './line-reader.ts';
import type { RouteOwner } from './route-table.ts';

/** Bytes that may wait for a session server to read them. */
const MAX_QUEUED_BYTES = 262_144;

export interface RegistrantEvents {
  /** It has shown the secrets of `ids`, for user `uid`; why it cannot have them, or `undefined`. */
  onRegister(registrant: Registrant, ids: readonly string[]): string | undefined;
  onUnregister(registrant: Registrant, ids: readonly string[]): void;
  /** It has shown a token; what it has said behind it is `rest`. The socket is the caller's from now on. */
  onTake(socket: Joinable, token: string, rest: Uint8Array): void;
  /** It has shown a token for datagrams, and `rest` behind it. The socket is the caller's from now on. */
  onDatagrams(socket: Joinable, token: string, rest: Uint8Array): void;
  /** From now on its user is known. */
  onProven(registrant: Registrant): void;
  onOver(registrant: Registrant): void;
  status(): JsonObject;
}

export interface RegistrantDeps {
  readonly clock: Clock;
  readonly claims: Claims;
  /** SHA-256(secret)[0..16]. */
  readonly routeIdOf: (secret: Uint8Array) => Uint8Array;
  /** The TCP port that clients come to. */
  readonly port: () => number;
  /** By what a registered session server may come for its datagrams; `undefined` where the router has none. */
  readonly datagramToken: (registrant: Registrant) => string | undefined;
}

/**
 * One connection to the registration socket (PROTOCOL.md section 9).
 *
 *   unknown --- {"register"} ---> claiming --- {"claimed"}, it is so ---> registered ---> over
 *      |                                                        |
 *      +-- {"take"}, {"datagrams"} --> handed on     +-- {"ask"} --> over     +-- 5 s, or anything else --> over
 *
 * Between any two calls: it is in the route table only while it is registered.
 */
export class Registrant implements StreamSocketEvents, RouteOwner {
  readonly #socket: Joinable;
  readonly #deps: RegistrantDeps;
  readonly #events: RegistrantEvents;
  readonly #lines = new LineReader();
  readonly #deadline: Timer;
  #phase: 'unknown' | 'claiming' | 'looking' | 'registered' | 'over' = 'unknown';
  #claim = '';
  #wanted: readonly string[] = [];
  #uid = -1;

  constructor(socket: Joinable, deps: RegistrantDeps, events: RegistrantEvents) {
    this.#socket = socket;
    this.#deps = deps;
    this.#events = events;
    this.#deadline = deps.clock.schedule(UNPROVEN_MS, () => this.drop());
    socket.start(this);
  }

  get uid(): number {
    return this.#uid;
  }

  /** Asks it to connect for a client, and to show `token`. */
  dial(token: string): void {
    this.#say({ dial: token });
  }

  onBytes(bytes: Uint8Array): void {
    let unread = bytes;
    for (;;) {
      const read = this.#lines.read(unread);
      if (read === 'bad') {
        this.drop();
        return;
      }
      if (read === 'short') return;
      this.#onLine(read.object, read.rest);
      if (this.#phase === 'over' || read.rest.length === 0) return;
      unread = read.rest;
    }
  }

  onEnd(): void {
    this.drop();
  }

  onDrain(): void {
    // It is told a few bytes for each client.
  }

  onClose(): void {
    this.#over();
  }

  /** Ends the connection at once. */
  drop(): void {
    if (this.#phase === 'over') return;
    this.#socket.reset();
    this.#over();
  }

  #onLine(line: JsonObject, rest: Uint8Array): void {
    const { register, unregister, claimed, take, datagrams, ask } = line;
    if (this.#phase === 'unknown' && typeof take === 'string') {
      this.#handOn();
      this.#events.onTake(this.#socket, take, rest);
      return;
    }
    if (this.#phase === 'unknown' && typeof datagrams === 'string') {
      this.#handOn();
      this.#events.onDatagrams(this.#socket, datagrams, rest);
      return;
    }
    if (this.#phase === 'unknown' && ask === 'status') {
      this.#answerStatus();
      return;
    }
    if (this.#phase === 'claiming' && claimed === true) {
      this.#lookAtClaim();
      return;
    }
    const ids = this.#idsOf(register ?? unregister);
    if (ids === undefined) {
      this.drop();
      return;
    }
    if (this.#phase === 'unknown' && register !== undefined) {
      this.#askForClaim(ids);
      return;
    }
    if (this.#phase !== 'registered') {
      this.drop();
      return;
    }
    if (register !== undefined) {
      this.#register(ids);
      return;
    }
    this.#events.onUnregister(this, ids);
    this.#say({ unregistered: ids.length });
  }

  #handOn(): void {
    this.#phase = 'over';
    this.#deadline.cancel();
    this.#events.onOver(this);
  }

  #answerStatus(): void {
    this.#say(this.#events.status());
    // The asker ends it; until then it is one of those who have proved nothing.
  }

  #askForClaim(ids: readonly string[]): void {
    this.#wanted = ids;
    this.#claim = this.#deps.claims.draw();
    this.#phase = 'claiming';
    this.#say({ claim: this.#claim });
  }

  #lookAtClaim(): void {
    this.#phase = 'looking';
    void this.#deps.claims.claimant(this.#claim).then((uid) => {
      if (this.#phase !== 'looking') return;
      if (uid === undefined) return this.drop();
      this.#uid = uid;
      this.#phase = 'registered';
      this.#deadline.cancel();
      this.#events.onProven(this);
      this.#register(this.#wanted);
      this.#wanted = [];
    });
  }

  #register(ids: readonly string[]): void {
    const objection = this.#events.onRegister(this, ids);
    if (objection !== undefined) {
      this.#say({ error: objection });
      return;
    }
    const datagrams = this.#deps.datagramToken(this);
    const offer = datagrams === undefined ? {} : { datagrams };
    this.#say({ registered: ids.length, port: this.#deps.port(), ...offer });
  }

  /** The ids of a list of secrets; secrets themselves are not kept. */
  #idsOf(value: unknown): readonly string[] | undefined {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_SECRETS_PER_LINE) {
      return undefined;
    }
    const ids: string[] = [];
    for (const each of value) {
      const secret = typeof each === 'string' ? fromHex(each) : undefined;
      if (secret?.length !== SECRET_BYTES) return undefined;
      ids.push(toHex(this.#deps.routeIdOf(secret)));
    }
    return ids;
  }

  #say(line: JsonObject): void {
    this.#socket.write(utf8(`${JSON.stringify(line)}\n`));
    // Who asks without end and reads no answer would have them kept here.
    if (this.#socket.queuedBytes > MAX_QUEUED_BYTES) this.drop();
  }

  #over(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#deadline.cancel();
    this.#events.onOver(this);
  }
}
