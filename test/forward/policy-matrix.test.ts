import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readPolicy } from '../../src/etserver/read-policy.ts';
import type { ListenPlace } from '../../src/forward/endpoint.ts';
import type { Policy } from '../../src/forward/policy.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { ForwardLab, readAll, soon } from './forward-lab.ts';
import { ASKINGS, EverywhereTarget, isListening } from './policy-asking.ts';

const SYSTEM = '/etc/everterm/server.toml';
const OWN = '/home/me/.config/everterm/server.toml';

/** What the names of these tests lead to. */
const ADDRESSES: Readonly<Record<string, string>> = {
  'db.test': '127.0.0.1',
  'DB.Test.': '127.0.0.1',
  'six.test': '::1',
  'cloud.test': '169.254.169.254',
  '127.1': '127.0.0.1',
  '2130706433': '127.0.0.1',
};

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0).reverse()) one.close();
});

function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}

/** What files with these lines below `[forward]` say; the first line is line 2. */
function policyOf(lines: string, ownLines?: string): Policy {
  const textOf = (path: string): string | undefined => (path === SYSTEM ? lines : ownLines);
  return readPolicy([SYSTEM, OWN], (path) => textOf(path) && `[forward]\n${textOf(path)}\n`);
}

/** Answers for the names above, and counts how often it is asked. */
class CountingResolver extends HostResolver {
  asked = 0;

  constructor() {
    super((host, family) => {
      this.asked += 1;
      const address = ADDRESSES[host] ?? '';
      return Promise.resolve(address.includes(':') === (family === 6) && address ? [address] : []);
    });
  }
}

interface Case {
  readonly host: string;
  /** `PORT` is the target's. */
  readonly file: string;
  readonly own?: string;
  /** Where another than the target's is asked for. */
  readonly port?: number;
  /** Why it is refused, with `PORT` again; `undefined` where it is reached. */
  readonly why?: string;
  /** A name that no address could be permitted of is not resolved. */
  readonly isUnresolved?: boolean;
}

const NONE = '# nothing';
const AMONG = `is not among permit-open of ${SYSTEM}`;
const DENIED = `is denied by ${SYSTEM}:2`;
const UNNAMED = 'is denied unless permit-open names that address';

const CASES: Readonly<Record<string, Case>> = {
  'permit-open absent': { host: '127.0.0.1', file: NONE },
  'permit-open empty': {
    host: '127.0.0.1',
    file: 'permit-open = []',
    why: `127.0.0.1:PORT ${AMONG}`,
  },
  'permitted by address': { host: '127.0.0.1', file: 'permit-open = ["127.0.0.1:PORT"]' },
  'permitted by a range of addresses': {
    host: 'db.test',
    file: 'permit-open = ["127.0.0.0/8:*"]',
  },
  'permitted by name': { host: 'DB.Test.', file: 'permit-open = ["db.test:PORT"]' },
  'permitted by a pattern of names': { host: 'db.test', file: 'permit-open = ["d*.test:PORT"]' },
  'permitted by another name': {
    host: 'six.test',
    file: 'permit-open = ["db.test:*"]',
    why: `six.test:PORT ${AMONG}`,
    isUnresolved: true,
  },
  'denied by address': {
    host: '127.0.0.1',
    file: 'deny-open = ["127.0.0.0/8:*"]',
    why: `127.0.0.1:PORT ${DENIED}`,
  },
  'denied by the address that a name has': {
    host: 'db.test',
    file: 'deny-open = ["127.0.0.1:*"]',
    why: `db.test:PORT (127.0.0.1) ${DENIED}`,
  },
  'denied by name': {
    host: 'DB.Test.',
    file: 'deny-open = ["db.test:*"]',
    why: `DB.Test.:PORT ${DENIED}`,
    isUnresolved: true,
  },
  'denied, though permitted': {
    host: '127.0.0.1',
    file: 'permit-open = ["*:*"]\ndeny-open = ["127.0.0.1:PORT"]',
    why: `127.0.0.1:PORT is denied by ${SYSTEM}:3`,
  },
  'denied by the file of the user alone': {
    host: '127.0.0.1',
    file: 'permit-open = ["*:*"]',
    own: 'permit-open = ["10.0.0.0/8:*"]',
    why: `127.0.0.1:PORT is not among permit-open of ${OWN}`,
  },
  'the address of a cloud': {
    host: '169.254.169.254',
    port: 80,
    file: 'permit-open = ["*:*"]',
    why: `169.254.169.254:80 ${UNNAMED}`,
  },
  'the address of a cloud, mapped': {
    host: '::ffff:169.254.169.254',
    port: 80,
    file: NONE,
    why: `[::ffff:169.254.169.254]:80 ${UNNAMED}`,
  },
  'a name with the address of a cloud': {
    host: 'cloud.test',
    port: 80,
    file: NONE,
    why: `cloud.test:80 (169.254.169.254) ${UNNAMED}`,
  },
  '0.0.0.0': { host: '0.0.0.0', file: NONE, why: `0.0.0.0:PORT ${UNNAMED}` },
  '[::]': { host: '::', file: 'permit-open = ["[::/0]:*"]', why: `[::]:PORT ${UNNAMED}` },
  '0.0.0.0 by that very address': { host: '0.0.0.0', file: 'permit-open = ["0.0.0.0:PORT"]' },
  '127.0.0.1 mapped, and denied': {
    host: '::ffff:127.0.0.1',
    file: 'deny-open = ["127.0.0.1:*"]',
    why: `[::ffff:127.0.0.1]:PORT ${DENIED}`,
  },
  '127.0.0.1 mapped, and permitted': {
    host: '::ffff:127.0.0.1',
    file: 'permit-open = ["127.0.0.1:PORT"]',
  },
  '127.0.0.1 in a spelling of resolvers': {
    host: '127.1',
    file: 'deny-open = ["127.0.0.1:*"]',
    why: `127.1:PORT (127.0.0.1) ${DENIED}`,
  },
  '127.0.0.1 as one number': {
    host: '2130706433',
    file: 'deny-open = ["127.0.0.1:*"]',
    why: `2130706433:PORT (127.0.0.1) ${DENIED}`,
  },
  'an IPv6 address that is permitted': { host: '::1', file: 'permit-open = ["[::1]:PORT"]' },
  'an IPv6 address of a name that is permitted': {
    host: 'six.test',
    file: 'permit-open = ["[::1]:PORT"]',
  },
  'an IPv6 address that is denied': {
    host: '::1',
    file: 'deny-open = ["[::/64]:*"]',
    why: `[::1]:PORT ${DENIED}`,
  },
  'an IPv6 address where IPv4 is permitted': {
    host: '::1',
    file: 'permit-open = ["0.0.0.0/0:*"]',
    why: `[::1]:PORT ${AMONG}`,
  },
  'a port within a list of ranges': {
    host: '127.0.0.1',
    file: 'permit-open = ["127.0.0.1:22,PORT-65535,80"]',
  },
  'a port outside a list of ranges': {
    host: '127.0.0.1',
    file: 'permit-open = ["127.0.0.1:22,1-BELOW,ABOVE-65535"]',
    why: `127.0.0.1:PORT ${AMONG}`,
  },
  'tunnels = false': {
    host: '127.0.0.1',
    file: 'tunnels = false\npermit-open = ["*:*"]',
    why: `forwards are switched off by ${SYSTEM}:2`,
  },
};

function withPorts(text: string, port: number): string {
  const below = text.replaceAll('BELOW', String(port - 1)).replaceAll('ABOVE', String(port + 1));
  return below.replaceAll('PORT', String(port));
}

describe.each(ASKINGS)('$name', ({ ask, reached, refused }) => {
  test.each(Object.entries(CASES))('%s', async (_, { host, file, own, why, ...rest }) => {
    const target = keep(await EverywhereTarget.start());
    const resolver = new CountingResolver();
    const policy = policyOf(withPorts(file, target.port), own);
    const lab = keep(new ForwardLab(policy, undefined, resolver));
    const port = rest.port ?? target.port;
    const got = await ask(lab, { kind: 'tcp', host, port });
    expect(got).toEqual(why === undefined ? reached : refused(withPorts(why, target.port)));
    if (why !== undefined) expect(target.seen).toBe(0);
    if (rest.isUnresolved === true) expect(resolver.asked).toBe(0);
  });
});

const NOT_LISTED = `is not among permit-listen of ${SYSTEM}`;

/** `PORT` is one that is free. */
const LISTEN_CASES: Readonly<
  Record<
    string,
    { readonly bind: string; readonly file: string; readonly port?: 0; readonly why?: string }
  >
> = {
  'permit-listen absent': { bind: 'localhost', file: NONE },
  'permit-listen empty': {
    bind: 'localhost',
    file: 'permit-listen = []',
    why: `listening on localhost:PORT ${NOT_LISTED}`,
  },
  'a port of localhost': { bind: 'localhost', file: 'permit-listen = ["PORT"]' },
  'an address where localhost is permitted': {
    bind: '*',
    file: 'permit-listen = ["1-65535"]',
    why: `listening on *:PORT ${NOT_LISTED}`,
  },
  'all addresses, one of them denied': {
    bind: '*',
    file: 'deny-listen = ["127.0.0.1:*"]',
    why: `listening on *:PORT ${DENIED}`,
  },
  'an IPv6 address that is permitted': { bind: '::1', file: 'permit-listen = ["[::1]:PORT"]' },
  '127.0.0.1 mapped, and permitted': {
    bind: '::ffff:127.0.0.1',
    file: 'permit-listen = ["127.0.0.1:PORT"]',
  },
  '0.0.0.0 mapped, as all of IPv4': {
    bind: '::ffff:0.0.0.0',
    file: 'permit-listen = ["127.0.0.1:*", "[::1]:*"]',
    why: `listening on [::ffff:0.0.0.0]:PORT ${NOT_LISTED}`,
  },
  '127.0.0.1 mapped, and denied': {
    bind: '::ffff:127.0.0.1',
    file: 'deny-listen = ["127.0.0.1:*"]',
    why: `listening on [::ffff:127.0.0.1]:PORT ${DENIED}`,
  },
  'a port outside a list of ranges': {
    bind: '127.0.0.1',
    file: 'permit-listen = ["127.0.0.1:1-BELOW,ABOVE-65535"]',
    why: `listening on 127.0.0.1:PORT ${NOT_LISTED}`,
  },
  'a denied port': {
    bind: '127.0.0.1',
    file: 'permit-listen = ["*:*"]\ndeny-listen = ["PORT"]',
    why: `listening on 127.0.0.1:PORT is denied by ${SYSTEM}:3`,
  },
  'any port, where no ephemeral one is permitted': {
    bind: '127.0.0.1',
    port: 0,
    file: 'permit-listen = ["127.0.0.1:1-1023"]',
    why: `listening on 127.0.0.1:CHOSEN ${NOT_LISTED}`,
  },
  'tunnels = false': {
    bind: 'localhost',
    file: 'tunnels = false',
    why: `forwards are switched off by ${SYSTEM}:2`,
  },
};

describe.each(['remote', 'udp-reverse'] as const)('-R, %s', (kind) => {
  const target = { kind: 'tcp', host: '127.0.0.1', port: 9 } as const;

  test.each(Object.entries(LISTEN_CASES))('%s', async (_, { bind, file, why, ...rest }) => {
    const free = await freePort();
    const lab = keep(new ForwardLab(policyOf(withPorts(file, free))));
    const listen = { kind: 'tcp', bind, port: rest.port ?? free } as const;
    lab.set.add({ kind, listen, target, source: '-R' });
    await soon(() => lab.told.length > 0);
    const told = lab.told.map((each) =>
      each.replace(/(127\.0\.0\.1):(?!PORT)\d+/u, keepPort(free)),
    );
    const expected = why === undefined ? 'listening -R' : `failed -R ${withPorts(why, free)}`;
    expect(told).toEqual([expected]);
    const [, chosen] = /127\.0\.0\.1:(\d+)/u.exec(lab.told[0] ?? '') ?? [];
    if (why !== undefined)
      expect(await isListening('127.0.0.1', Number(chosen ?? free))).toBe(false);
  });
});

/** Leaves the port that the test knows, and hides the one that the system has chosen. */
function keepPort(known: number): (text: string, address: string) => string {
  return (text, address) => (text === `${address}:${known}` ? text : `${address}:CHOSEN`);
}

test.each([
  ['denied', 'deny-listen = ["/**"]', `is denied by ${SYSTEM}:2`],
  ['not among what is permitted', 'permit-listen = ["*:*"]', NOT_LISTED],
])('-R on a unix socket that is %s', async (_, file, why) => {
  const lab = keep(new ForwardLab(policyOf(file)));
  const path = `${lab.directory}/a.sock`;
  addRemote(lab, { kind: 'unix', path });
  await soon(() => lab.told.length > 0);
  expect(lab.told).toEqual([`failed -R listening on ${path} ${why}`]);
});

test('-R is asked of permit-listen alone: its target is not the server’s to reach', async () => {
  const lab = keep(new ForwardLab(policyOf('permit-open = []')));
  const port = await lab.target((accepted) => accepted.end('ok'));
  const listening = await lab.listening({
    kind: 'remote',
    listen: { kind: 'tcp', bind: '127.0.0.1', port: 0 },
    target: { kind: 'tcp', host: '127.0.0.1', port },
    source: '-R',
  });
  expect(String(await readAll(lab.dial(listening)))).toBe('ok');
});

test.each([
  ['agent = false', `agent forwarding is switched off by ${SYSTEM}:2`],
  ['tunnels = false', `forwards are switched off by ${SYSTEM}:2`],
])('%s refuses an agent, and no program gets a variable', async (file, why) => {
  const lab = keep(new ForwardLab(policyOf(file)));
  addRemote(lab, { kind: 'variable', name: 'SSH_AUTH_SOCK' });
  await soon(() => lab.told.length > 0);
  expect(lab.told).toEqual([`failed -R ${why}`]);
  expect(lab.server.variables).toEqual({});
});

function addRemote(lab: ForwardLab, listen: ListenPlace): void {
  const target = { kind: 'tcp', host: '127.0.0.1', port: 9 } as const;
  lab.set.add({ kind: 'remote', listen, target, source: '-R' });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
