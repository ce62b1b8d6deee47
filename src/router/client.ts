import type { Clock, Timer } from '../base/clock.ts';
import type { StreamSocketEvents } from '../link/stream-socket.ts';
import { REFUSED, REFUSED_AFTER_MS } from '../wire/limits.ts';
import type { Admission } from './admissions.ts';
import { FirstBytes, type WholeHello } from './first-bytes.ts';
import { joinEnds } from './join-ends.ts';
import type { Joinable } from './joinable.ts';

/** A refused connection whose peer does not end it is cut after this, in milliseconds. */
const LINGER_MS = 5000;

export interface ClientEvents {
  /** Its hello is whole; it waits to be joined, refused or dropped. */
  onHello(client: Client, hello: WholeHello): void;
  /** It is over. */
  onOver(client: Client): void;
}

/**
 * A connection of a stranger or a client, until it is over.
 *
 *   hello --- whole ---> waiting --- join ---> joined ---> over
 *     |                     |
 *     +-- stranger, 10 s ---+--- refuse ---> refusing --- 50 ms, REFUSED, its end ---> over      any --- drop ---> over (reset)
 *
 * A hello that nobody wants gets what a session server answers to one that is not authentic (PROTOCOL.md section 3).
 */
export class Client implements StreamSocketEvents {
  readonly #end: Joinable;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #events: ClientEvents;
  readonly #first = new FirstBytes();
  #hello: WholeHello | undefined;
  #timer: Timer;
  #phase: 'hello' | 'waiting' | 'refusing' | 'joined' | 'over' = 'hello';
  #cut: () => void = () => undefined;

  constructor(
    end: Joinable,
    deps: {
      readonly clock: Clock;
      readonly admission: Admission;
      /** When its hello must be whole. */
      readonly dueMs: number;
    },
    events: ClientEvents,
  ) {
    this.#end = end;
    this.#clock = deps.clock;
    this.#admission = deps.admission;
    this.#events = events;
    const leftMs = Math.max(0, deps.dueMs - this.#clock.now());
    this.#timer = this.#clock.schedule(leftMs, () => this.refuse());
  }

  /** Begins to read; `firstBytes` were read already. */
  start(firstBytes: Uint8Array): void {
    if (firstBytes.length > 0) this.onBytes(firstBytes);
    // A stream that is resumed and paused at once reads all the same, and what it brings while a client waits would be nobody's.
    if (this.#phase === 'hello') this.#end.start(this);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#phase !== 'hello') return;
    const read = this.#first.read(bytes);
    if (read === 'short') return;
    if (read === 'stranger') {
      this.refuse();
      return;
    }
    this.#phase = 'waiting';
    this.#timer.cancel();
    this.#hello = read;
    // A client says nothing more before it is answered.
    this.#end.pause();
    this.#events.onHello(this, read);
  }

  /** Who ends before there is an answer wants none, as at a session server. */
  onEnd(): void {
    if (this.#phase === 'over') return;
    this.#timer.cancel();
    this.#phase = 'refusing';
    this.#end.end();
    this.#linger();
  }

  onDrain(): void {
    // What is refused is a few bytes, and nothing waits for them.
  }

  onClose(): void {
    this.#over();
  }

  /** Joins it to `other`, which gets the hello. `uid`: whose session it is for. False: there are too many, and it is over. */
  join(other: Joinable, uid: number | undefined): boolean {
    const hello = this.#hello;
    if (this.#phase !== 'waiting' || hello === undefined || !this.#admission.join(uid)) {
      this.drop();
      return false;
    }
    this.#phase = 'joined';
    this.#hello = undefined;
    const { cut } = joinEnds(this.#end, other, [hello.hello, hello.rest], () => this.#over());
    this.#cut = cut;
    return true;
  }

  refuse(): void {
    if (this.#phase !== 'hello' && this.#phase !== 'waiting') return;
    this.#phase = 'refusing';
    this.#timer.cancel();
    // Read and thrown away: a socket closed with unread bytes sends a reset, which would overtake the answer.
    this.#end.start(this);
    this.#timer = this.#clock.schedule(REFUSED_AFTER_MS, () => {
      this.#end.write(REFUSED);
      this.#end.end();
      this.#linger();
    });
  }

  /** Ends it at once. */
  drop(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'joined') {
      this.#cut();
      return;
    }
    this.#end.reset();
    this.#over();
  }

  #linger(): void {
    this.#timer = this.#clock.schedule(LINGER_MS, () => this.drop());
  }

  #over(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#timer.cancel();
    this.#hello = undefined;
    this.#admission.leave();
    this.#events.onOver(this);
  }
}
