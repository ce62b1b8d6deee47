import { ClientKeys } from '../../src/backed/client-keys.ts';
import { DialWindow } from '../../src/backed/dial-window.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import type { HelloKey } from '../../src/wire/link-crypto.ts';
import type { Action, Model } from './explore.ts';

/** What the client keeps: the shipped `ClientKeys`, or a mutant. */
export type ClientSide = Pick<ClientKeys, 'nextHello' | 'answered'>;
/** What the server keeps: the shipped `KeyRing` and `DialWindow`, or mutants. */
export type ServerKeys = Pick<KeyRing, 'secretOf' | 'forgetPasskey' | 'root'>;
export type ServerWindow = Pick<DialWindow, 'accept'>;

/** The pieces that the model drives. */
export interface HandshakeParts {
  newClient(passkey: Uint8Array): ClientSide;
  newServerKeys(passkey: Uint8Array, root: Uint8Array): ServerKeys;
  newWindow(): ServerWindow;
  /** When the server forgets the passkey: as the Acceptor does, or not. */
  readonly forgetsAt: 'record' | 'hello' | 'never';
  /** Whether an answer to a hello under the passkey carries the root. */
  readonly sendsRoot: boolean;
}

export const SHIPPED: HandshakeParts = {
  newClient: (passkey) => ClientKeys.fromPasskey(passkey),
  newServerKeys: (passkey, root) => new KeyRing(passkey, root),
  newWindow: () => new DialWindow(),
  forgetsAt: 'record',
  sendsRoot: true,
};

export interface HandshakeBounds {
  readonly maxDials: number;
  readonly maxParallel: number;
}

const PASSKEY = new Uint8Array(32).fill(1);
const ROOT = new Uint8Array(32).fill(2);

/** One attempt of the client. Its number is its place in the list, from 1. */
interface Dial {
  readonly key: HelloKey;
  readonly client: 'pending' | 'linked' | 'over';
  /** `none`: no hello of it was taken yet. Every copy after the first is refused. */
  readonly server: 'none' | 'half-open' | 'joined' | 'over';
  /** Whether the server ever refused a copy of its hello: the refusal may arrive at any time. */
  readonly isRefused: boolean;
}

/**
 * Everything that was ever sent can be delivered at any time, any number of times, or never: loss, delay, reordering,
 * duplication and replay are all the same to this network. So the messages on the way follow from the dials' states.
 */
export interface HandshakeState {
  readonly dials: readonly Dial[];
  /** Numbers of the dials whose answer the client has read, ascending: all answers bring the same root. */
  readonly readAnswers: readonly number[];
  /** Numbers that the server took, ascending: within a window their order is all one. */
  readonly taken: readonly number[];
  readonly hasForgotten: boolean;
  readonly everJoined: boolean;
}

/** Client and server up to the first record of each link, and a network that does whatever it likes. */
export class HandshakeModel implements Model<HandshakeState> {
  readonly initial: HandshakeState = {
    dials: [],
    readAnswers: [],
    taken: [],
    hasForgotten: false,
    everJoined: false,
  };
  readonly #parts: HandshakeParts;
  readonly #bounds: HandshakeBounds;

  constructor(parts: HandshakeParts, bounds: HandshakeBounds) {
    this.#parts = parts;
    this.#bounds = bounds;
  }

  keyOf(state: HandshakeState): string {
    const { dials, readAnswers, taken, hasForgotten, everJoined } = state;
    let key = `${readAnswers.join()} ${taken.join()} ${hasForgotten} ${everJoined}`;
    for (const dial of dials) {
      const client = dial.client.charAt(0);
      const server = dial.server.charAt(0);
      key += ` ${dial.key}${client}${server}${dial.isRefused ? 'r' : ''}`;
    }
    return key;
  }

  /** The ends share a key, and an attempt that nothing disturbs makes a link, whatever happened before. */
  problemOf(state: HandshakeState): string | undefined {
    try {
      const { key, secret } = this.#client(state).nextHello();
      const known = this.#server(state).keys.secretOf(key);
      if (known === undefined) return `the server has no ${key}`;
      if (!equalBytes(known, secret)) return `the ends' ${key} differ`;
    } catch {
      return 'the client has no key';
    }
    return this.#undisturbed(state);
  }

  *actionsOf(state: HandshakeState): Generator<Action<HandshakeState>> {
    const pending = state.dials.filter(({ client }) => client === 'pending').length;
    if (state.dials.length < this.#bounds.maxDials && pending < this.#bounds.maxParallel)
      yield { name: `client dials ${state.dials.length + 1}`, next: this.#dial(state) };
    for (let number = 1; number <= state.dials.length; number += 1) {
      yield this.#deliverHello(state, number);
      yield* this.#clientActions(state, number);
      yield* this.#serverActions(state, number);
    }
  }

  *#clientActions(state: HandshakeState, number: number): Generator<Action<HandshakeState>> {
    const { client, server, isRefused } = dialOf(state, number);
    if (client === 'over') return;
    const over = {
      name: `client loses ${number}`,
      next: withDial(state, number, { client: 'over' }),
    };
    yield over;
    if (client === 'pending' && isRefused) yield { ...over, name: `client is refused ${number}` };
    if (client === 'pending' && server !== 'none')
      yield { name: `client reads answer ${number}`, next: this.#readAnswer(state, number) };
  }

  *#serverActions(state: HandshakeState, number: number): Generator<Action<HandshakeState>> {
    const { client, server } = dialOf(state, number);
    if (server !== 'half-open' && server !== 'joined') return;
    yield { name: `server loses ${number}`, next: withDial(state, number, { server: 'over' }) };
    // The client has sent a record once it has read the answer, also when its end is over meanwhile.
    const hasRecord = client === 'linked' || state.readAnswers.includes(number);
    if (server === 'half-open' && hasRecord)
      yield { name: `server gets a record on ${number}`, next: this.#join(state, number) };
  }

  #dial(state: HandshakeState): HandshakeState {
    const { key } = this.#client(state).nextHello();
    const dial: Dial = { key, client: 'pending', server: 'none', isRefused: false };
    return { ...state, dials: [...state.dials, dial] };
  }

  /** As the Acceptor judges: the key, then the number, and only then the Diffie-Hellman. */
  #deliverHello(state: HandshakeState, number: number): Action<HandshakeState> {
    const { key, server } = dialOf(state, number);
    const { keys, window } = this.#server(state);
    const numberOnTheWire = this.#numbers(state)[number - 1] ?? 0;
    const isTaken = keys.secretOf(key) !== undefined && window.accept(numberOnTheWire);
    const name = `server gets hello ${number}`;
    if (!isTaken) return { name, next: withDial(state, number, { isRefused: true }) };
    const taken = withDial(state, number, { server: server === 'none' ? 'half-open' : server });
    return {
      name,
      next: {
        ...taken,
        taken: ascending([...state.taken, numberOnTheWire]),
        hasForgotten: state.hasForgotten || this.#parts.forgetsAt === 'hello',
      },
      problem: takenWrongly(state, key, server),
    };
  }

  #readAnswer(state: HandshakeState, number: number): HandshakeState {
    const linked = withDial(state, number, { client: 'linked' });
    return { ...linked, readAnswers: ascending([...state.readAnswers, number]) };
  }

  #join(state: HandshakeState, number: number): HandshakeState {
    return {
      ...withDial(state, number, { server: 'joined' }),
      hasForgotten: state.hasForgotten || this.#parts.forgetsAt === 'record',
      everJoined: true,
    };
  }

  #undisturbed(state: HandshakeState): string | undefined {
    const number = state.dials.length + 1;
    const asked = this.#deliverHello(this.#dial(state), number).next;
    if (dialOf(asked, number).server !== 'half-open') return 'an undisturbed hello is refused';
    const joined = this.#join(this.#readAnswer(asked, number), number);
    return dialOf(joined, number).server === 'joined' ? undefined : 'an undisturbed link fails';
  }

  /** The client as its history has made it: hellos and answers in the order in which they came. */
  #client(state: HandshakeState): ClientSide {
    const client = this.#parts.newClient(PASSKEY.slice());
    for (const _ of state.dials) client.nextHello();
    for (const number of state.readAnswers) {
      const hasRoot = dialOf(state, number).key === 'passkey' && this.#parts.sendsRoot;
      client.answered(hasRoot ? ROOT.slice() : undefined);
    }
    return client;
  }

  #numbers(state: HandshakeState): number[] {
    const client = this.#parts.newClient(PASSKEY.slice());
    return state.dials.map(() => client.nextHello().dialNumber);
  }

  #server(state: HandshakeState): { keys: ServerKeys; window: ServerWindow } {
    const keys = this.#parts.newServerKeys(PASSKEY.slice(), ROOT.slice());
    if (state.hasForgotten) keys.forgetPasskey();
    const window = this.#parts.newWindow();
    for (const number of state.taken) window.accept(number);
    return { keys, window };
  }
}

function takenWrongly(
  state: HandshakeState,
  key: HelloKey,
  server: Dial['server'],
): string | undefined {
  if (server !== 'none') return 'a repeated hello costs a Diffie-Hellman';
  if (key === 'passkey' && state.everJoined) return 'the passkey opens after a client has joined';
  return undefined;
}

function ascending(numbers: number[]): number[] {
  return numbers.sort((a, b) => a - b);
}

function dialOf(state: HandshakeState, number: number): Dial {
  return state.dials[number - 1] as Dial;
}

function withDial(state: HandshakeState, number: number, change: Partial<Dial>): HandshakeState {
  const dials = state.dials.map((dial, i) => (i === number - 1 ? { ...dial, ...change } : dial));
  return { ...state, dials };
}
