import { describe, expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import type { HelloKey } from '../../src/wire/link-crypto.ts';
import { type Exploration, explore } from './explore.ts';
import {
  type ClientSide,
  HandshakeModel,
  type HandshakeParts,
  SHIPPED,
} from './handshake-model.ts';

const MAX_STATES = 400_000;

function search(parts: HandshakeParts): Exploration {
  return explore(new HandshakeModel(parts, { maxDials: 3, maxParallel: 2 }), MAX_STATES);
}

test('whatever is lost, repeated or raced, the ends share a key, replays are refused, and the next link can join', () => {
  const { stateCount, finding } = search(SHIPPED);
  expect(finding).toBe(undefined);
  expect(stateCount).toBeGreaterThan(5000);
});

type Hello = ReturnType<ClientKeys['nextHello']>;

/** The shipped client's keys, with hellos changed by `change`, which is told how many there were before. */
function clientWith(change: (hello: Hello, before: number, passkey: Uint8Array) => Hello) {
  return (passkey: Uint8Array): ClientSide => {
    const original = passkey.slice();
    const keys = ClientKeys.fromPasskey(passkey);
    let count = 0;
    return {
      nextHello: () => {
        count += 1;
        return change(keys.nextHello(), count - 1, original);
      },
      answered: (root) => keys.answered(root),
    };
  };
}

/** A server that takes the root only once the passkey is gone. */
class RootLater extends KeyRing {
  override secretOf(key: HelloKey): Uint8Array | undefined {
    return key === 'root' && this.hasPasskey ? undefined : super.secretOf(key);
  }
}

function windowThat(accepts: (number: number, highest: number) => boolean) {
  return (): { accept(number: number): boolean } => {
    let highest = 0;
    return {
      accept: (number) => {
        const isGood = accepts(number, highest);
        if (isGood) highest = Math.max(highest, number);
        return isGood;
      },
    };
  };
}

const MUTANTS: readonly [string, Partial<HandshakeParts>, RegExp][] = [
  [
    'a client that erases its passkey when it has said hello',
    {
      newClient: clientWith((hello, before) => {
        if (before > 0 && hello.key === 'passkey') throw new Error('erased');
        return hello;
      }),
    },
    /client has no key/u,
  ],
  [
    'a client that goes on under the passkey when it has the root',
    {
      newClient: clientWith((hello, _, passkey) => ({ ...hello, key: 'passkey', secret: passkey })),
    },
    /server has no passkey/u,
  ],
  [
    'a client that uses dial numbers again',
    { newClient: clientWith((hello) => ({ ...hello, dialNumber: 1 })) },
    /undisturbed hello is refused/u,
  ],
  [
    'a server that forgets the passkey at a hello',
    { forgetsAt: 'hello' },
    /server has no passkey/u,
  ],
  ['a server that never forgets it', { forgetsAt: 'never' }, /passkey opens after a client/u],
  ['an answer without the root', { sendsRoot: false }, /server has no passkey/u],
  [
    'a server that takes the root only once the passkey is gone',
    { newServerKeys: (passkey, root) => new RootLater(passkey, root) },
    /server has no root/u,
  ],
  ['no window of dial numbers', { newWindow: windowThat(() => true) }, /costs a Diffie-Hellman/u],
  [
    'a window that knows the highest number alone',
    { newWindow: windowThat((number, highest) => number !== highest) },
    /costs a Diffie-Hellman/u,
  ],
];

describe('the search finds what is wrong with', () => {
  test.each(MUTANTS)('%s', (_what, change, problem) => {
    const { finding } = search({ ...SHIPPED, ...change });
    expect(finding?.problem).toMatch(problem);
    expect(finding?.trace.length).toBeGreaterThan(0);
  });
});
