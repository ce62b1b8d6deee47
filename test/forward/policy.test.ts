import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Policy } from '../../src/forward/policy.ts';
import { type Lists, policyOf } from './policy-of.ts';

/** `NAME -> ADDRESS:PORT`, or `ADDRESS:PORT` where the address itself was asked for. */
function objectionTo(policy: Policy, target: string): string | undefined {
  const [, name, address = '', port] = /^(?:(\S+) -> )?(\S+):(\d+)$/u.exec(target) ?? [];
  return policy.objectionToOpen(name ?? address, address, Number(port));
}

const METADATA_V4 = '169.254.169.254';

describe('permit-open', () => {
  test.each([
    // addresses and ranges
    ['10.0.0.13:80', '10.0.0.13:80'],
    ['10.0.0.13/32:80', '10.0.0.13:80'],
    ['10.0.0.0/8:80', '10.255.255.255:80'],
    ['10.128.0.0/9:80', '10.128.0.0:80'],
    ['0.0.0.0/0:80', '8.8.8.8:80'],
    ['[2001:db8::1]:80', '2001:db8::1:80'],
    ['[2001:db8::1]:80', '2001:DB8:0:0::0:1:80'],
    ['[2001:db8::/32]:*', '2001:db8:ffff::1:65535'],
    ['[2001:db8::/33]:*', '2001:db8:7fff::1:1'],
    ['[fe80::/10]:22', 'fe80::1%eth0.100:22'],
    ['[fe80::1]:22', 'fe80::1%br_lan:22'],
    ['[::1]:22', '0:0:0:0:0:0:0:1:22'],
    ['[::1]:22', '::0.0.0.1:22'],
    ['[::/0]:80', '2001:db8::1:80'],
    // an IPv4 address in the spellings of a dual-stack socket
    ['127.0.0.1:80', '::ffff:127.0.0.1:80'],
    ['127.0.0.1:80', '::FFFF:7f00:1:80'],
    ['127.0.0.1:80', '0:0:0:0:0:ffff:127.0.0.1:80'],
    ['[::ffff:127.0.0.1]:80', '127.0.0.1:80'],
    ['[::ffff:10.0.0.0/104]:80', '10.1.2.3:80'],
    // names
    ['db:5432', 'db -> 10.0.0.1:5432'],
    ['DB.example.org:5432', 'db.Example.ORG. -> 10.0.0.1:5432'],
    ['db.example.org.:5432', 'db.example.org -> 10.0.0.1:5432'],
    ['*.example.org:443', 'a.example.org -> 10.0.0.1:443'],
    ['*.example.org:443', 'a.b.example.org -> 2001:db8::1:443'],
    ['db*.example.org:443', 'db7.example.org -> 10.0.0.1:443'],
    ['xn--bcher-kva.example:443', 'BÜCHER.example -> 10.0.0.1:443'],
    ['bücher.example:443', 'xn--bcher-kva.example -> 10.0.0.1:443'],
    ['localhost:80', 'localhost -> ::1:80'],
    ['localhost:80', '127.0.0.53:80'],
    ['localhost:80', 'LOCALHOST. -> 127.0.0.1:80'],
    // a name by its address
    ['10.0.0.0/8:80', 'anything -> 10.0.0.1:80'],
    // what a resolver makes an address of
    ['127.0.0.1:80', '0x7f000001 -> 127.0.0.1:80'],
    ['127.0.0.1:80', '127.1 -> 127.0.0.1:80'],
    ['127.0.0.1:80', '１２７.1 -> 127.0.0.1:80'],
    // everything
    ['*:*', '10.0.0.1:1'],
    ['*:*', '2001:db8::1:65535'],
    ['*:80', 'any.name -> 10.0.0.1:80'],
    ['*:80', '2130706433 -> 127.0.0.1:80'],
    // ports
    ['*:80,443,8000-8100', '10.0.0.1:443'],
    ['*:80,443,8000-8100', '10.0.0.1:8000'],
    ['*:80,443,8000-8100', '10.0.0.1:8100'],
    ['*:1-65535', '10.0.0.1:65535'],
  ])('%s permits %s', (entry, target) => {
    expect(objectionTo(policyOf({ permitOpen: [entry] }), target)).toBeUndefined();
    // And the same entry denies it.
    expect(objectionTo(policyOf({ denyOpen: [entry] }), target)).toContain(
      ` is denied by FILE1:${entry}`,
    );
  });

  test.each([
    ['10.0.0.13:80', '10.0.0.12:80'],
    ['10.0.0.13:80', '10.0.0.13:81'],
    ['10.0.0.0/8:80', '11.0.0.0:80'],
    ['10.128.0.0/9:80', '10.127.255.255:80'],
    ['0.0.0.0/0:80', '2001:db8::1:80'],
    ['[::/0]:80', '10.0.0.1:80'],
    ['[::/0]:80', '::ffff:10.0.0.1:80'],
    ['[2001:db8::/33]:*', '2001:db8:8000::1:80'],
    ['[2001:db8::1]:80', '2001:db8::2:80'],
    ['127.0.0.1:80', '::127.0.0.1:80'],
    // A translator is another way than the one that was permitted.
    ['10.0.0.1:80', '64:ff9b::10.0.0.1:80'],
    ['db:5432', 'db.example.org -> 10.0.0.1:5432'],
    ['db:5432', 'xdb -> 10.0.0.1:5432'],
    ['*.example.org:443', 'example.org -> 10.0.0.1:443'],
    ['*.example.org:443', 'a.example.org.evil.com -> 10.0.0.1:443'],
    ['*.example.org:443', 'aexample.org -> 10.0.0.1:443'],
    ['localhost:80', 'localhost.evil.com -> 10.0.0.1:80'],
    // No name but `*` is the name of an address.
    ['*.*:80', '10.0.0.1:80'],
    ['*.*:80', '127.1 -> 127.0.0.1:80'],
    ['*a*:80', '0xa -> 10.0.0.1:80'],
    ['*:80,443,8000-8100', '10.0.0.1:7999'],
    ['*:80,443,8000-8100', '10.0.0.1:8101'],
    ['*:80,443,8000-8100', '10.0.0.1:44'],
    ['/**', '10.0.0.1:80'],
  ])('%s does not permit %s', (entry, target) => {
    expect(objectionTo(policyOf({ permitOpen: [entry] }), target)).toMatch(
      / is not among permit-open of FILE1$/u,
    );
  });

  test('permits nothing when it is empty, and everything when it is absent', () => {
    expect(objectionTo(policyOf({ permitOpen: [] }), '10.0.0.1:80')).toBe(
      '10.0.0.1:80 is not among permit-open of FILE1',
    );
    expect(objectionTo(policyOf({}), '10.0.0.1:80')).toBeUndefined();
  });
});

describe('deny-open', () => {
  test.each([
    // The resolved address, whatever it was called.
    ['127.0.0.0/8:*', 'db.example.org -> 127.0.0.1:80'],
    ['127.0.0.0/8:*', 'db.example.org -> ::ffff:127.0.0.1:80'],
    ['localhost:*', 'innocent.example -> ::1:80'],
    ['db.example.org:*', 'DB.example.org. -> 10.0.0.1:80'],
    // The address behind a translator.
    ['10.0.0.0/8:*', '64:ff9b::10.0.0.1:80'],
    ['10.0.0.0/8:*', '64:ff9b::a00:1:80'],
    ['10.0.0.0/8:*', '64:ff9b:1::a00:1:80'],
    ['10.0.0.0/8:*', '::ffff:0:10.0.0.1:80'],
    ['[64:ff9b::/96]:*', '64:ff9b::10.0.0.1:80'],
    ['[::/96]:*', '::1.2.3.4:80'],
  ])('%s denies %s', (entry, target) => {
    const policy = policyOf({ permitOpen: ['*:*', '*.example.org:*'], denyOpen: [entry] });
    expect(objectionTo(policy, target)).toContain(`is denied by FILE1:${entry}`);
  });

  test('says what was asked for, where that led, and which entry it was', () => {
    const policy = policyOf({ denyOpen: ['1.1.1.1:*', '10.0.0.0/8:80'] });
    expect(policy.objectionToOpen('10.0.0.13', '10.0.0.13', 80)).toBe(
      '10.0.0.13:80 is denied by FILE1:10.0.0.0/8:80',
    );
    expect(policy.objectionToOpen('db', '10.0.0.13', 80)).toBe(
      'db:80 (10.0.0.13) is denied by FILE1:10.0.0.0/8:80',
    );
  });
});

describe('the built-in denials', () => {
  const DENIED = [
    METADATA_V4,
    `::ffff:${METADATA_V4}`,
    '::ffff:a9fe:a9fe',
    `64:ff9b::${METADATA_V4}`,
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    'fd00:ec2::254',
    'fd00:0ec2:0:0:0:0:0:0254',
    '0.0.0.0',
    '0.1.2.3',
    '0.255.255.255',
    '::',
    '0:0:0:0:0:0:0:0',
    '::0.0.0.0',
    '::%lo',
    '::ffff:0.0.0.0',
    '::ffff:0:0',
    '64:ff9b::',
  ];

  test.each(DENIED)('%s is denied, by any name, though everything is permitted', (address) => {
    const everything = policyOf({ permitOpen: ['*:*', '0.0.0.0/0:*', '[::/0]:*', 'db:*'] });
    for (const policy of [Policy.open, policyOf({}), everything]) {
      for (const name of [address, 'db', '0', '0xa9fea9fe']) {
        expect(policy.objectionToOpen(name, address, 80)).toMatch(
          / is denied unless permit-open names that address$/u,
        );
      }
    }
  });

  test.each(['169.254.169.253', '169.254.170.2', 'fd00:ec2::253', '1.0.0.0', '::1', '::2'])(
    '%s is none of them',
    (address) => {
      expect(Policy.open.objectionToOpen(address, address, 80)).toBeUndefined();
    },
  );

  test.each([
    [`${METADATA_V4}:80`, METADATA_V4],
    [`${METADATA_V4}/32:80`, `::ffff:${METADATA_V4}`],
    ['[fd00:ec2::254]:80', 'fd00:ec2::254'],
    ['0.0.0.0:80', '0.0.0.0'],
    ['[::]:80', '::'],
  ])('%s lifts the one of %s, for that port', (entry, address) => {
    const policy = policyOf({ permitOpen: [entry] });
    expect(policy.objectionToOpen('any', address, 80)).toBeUndefined();
    expect(policy.objectionToOpen('any', address, 81)).toContain('is denied unless');
    expect(policyOf({ denyOpen: ['*:*'], permitOpen: [entry] }).permitsTunnels).toBe(true);
    expect(
      policyOf({ denyOpen: ['*:*'], permitOpen: [entry] }).objectionToOpen('any', address, 80),
    ).toContain('is denied by');
  });

  test.each(['0.0.0.0/8:80', '169.254.0.0/16:80', `${METADATA_V4}/31:80`, '[::/127]:80'])(
    '%s, a range, lifts none',
    (entry) => {
      for (const address of [METADATA_V4, '0.0.0.0', '::']) {
        expect(policyOf({ permitOpen: [entry] }).objectionToOpen('x', address, 80)).toBeDefined();
      }
    },
  );

  test('a translator is not lifted by the address behind it', () => {
    const policy = policyOf({ permitOpen: [`${METADATA_V4}:80`, '[::/0]:80'] });
    expect(policy.objectionToOpen('x', `64:ff9b::${METADATA_V4}`, 80)).toContain(
      'is denied unless',
    );
  });

  test('only the first file lifts them', () => {
    const named: Lists = { permitOpen: [`${METADATA_V4}:80`] };
    const passes = (...layers: Lists[]) =>
      policyOf(...layers).objectionToOpen('x', METADATA_V4, 80) === undefined;
    expect(passes(named)).toBe(true);
    expect(passes(named, {})).toBe(true);
    expect(passes({}, named)).toBe(false);
    expect(passes({ permitOpen: ['*:*'] }, named)).toBe(false);
    expect(passes(named, { permitOpen: ['10.0.0.0/8:*'] })).toBe(false);
  });
});

describe('several files', () => {
  test('the second only restricts', () => {
    const policy = policyOf(
      { permitOpen: ['10.0.0.0/8:*'], permitListen: ['8000-8100'] },
      { permitOpen: ['*:80'], permitListen: ['*:*'], denyListen: ['8001'] },
    );
    expect(objectionTo(policy, '10.0.0.1:80')).toBeUndefined();
    expect(objectionTo(policy, '11.0.0.1:80')).toContain('permit-open of FILE1');
    expect(objectionTo(policy, '10.0.0.1:81')).toContain('permit-open of FILE2');
    expect(policy.objectionToListen('localhost', 8000)).toBeUndefined();
    expect(policy.objectionToListen('localhost', 8001)).toContain('denied by FILE2:8001');
    expect(policy.objectionToListen('localhost', 9000)).toContain('permit-listen of FILE1');
  });

  test('each can switch forwards and the agent off', () => {
    for (const layers of [
      [{ tunnels: false, agent: false }, {}],
      [{}, { tunnels: false, agent: false }],
    ]) {
      const policy = policyOf(...layers);
      const reason = /^forwards are switched off by FILE[12]:tunnels$/u;
      expect(policy.permitsTunnels).toBe(false);
      expect(policy.permitsAgent).toBe(false);
      expect(policy.objectionToAgent()).toMatch(/^agent forwarding is switched off by FILE/u);
      expect(policy.objectionToTunnels()).toMatch(reason);
      expect(policy.objectionToName('db', 80)).toMatch(reason);
      expect(policy.objectionToOpen('db', '10.0.0.1', 80)).toMatch(reason);
      expect(policy.objectionToOpenPath('/run/x.sock')).toMatch(reason);
      expect(policy.objectionToListen('*', 80)).toMatch(reason);
      expect(policy.objectionToListenPath('/run/x.sock')).toMatch(reason);
    }
  });

  test('without any, everything else is permitted', () => {
    expect(Policy.open.permitsTunnels).toBe(true);
    expect(Policy.open.permitsAgent).toBe(true);
    expect(Policy.open.objectionToName('db', 80)).toBeUndefined();
    expect(Policy.open.objectionToOpen('db', '10.0.0.1', 80)).toBeUndefined();
    expect(Policy.open.objectionToOpenPath('/run/x.sock')).toBeUndefined();
    expect(Policy.open.objectionToListen('*', 0)).toBeUndefined();
    expect(Policy.open.objectionToListenPath('/run/x.sock')).toBeUndefined();
  });
});

describe('a name, before it is resolved', () => {
  test.each<[string, Lists, string, number]>([
    ['a denial of it', { denyOpen: ['*.example.org:*'] }, 'A.example.org.', 80],
    ['a denial of everything', { denyOpen: ['*:*'] }, 'db', 80],
    ['a list with other names', { permitOpen: ['web:80', '/run/x.sock'] }, 'db', 80],
    ['a list with other ports', { permitOpen: ['db:443', '10.0.0.0/8:443'] }, 'db', 80],
    ['an empty list', { permitOpen: [] }, 'db', 80],
    ['a built-in denial', {}, METADATA_V4, 80],
    ['a built-in denial', {}, `::ffff:${METADATA_V4}`, 80],
    ['a denial of the address', { denyOpen: ['10.0.0.0/8:*'] }, '10.0.0.1', 80],
  ])('is refused for %s', (_, lists, name, port) => {
    expect(policyOf(lists).objectionToName(name, port)).toMatch(/^\S+ is (?:denied|not among) /u);
  });

  test.each<[string, Lists, string]>([
    ['there is no list', {}, 'db'],
    ['it is in it', { permitOpen: ['db:80'] }, 'DB'],
    ['one of its addresses may be', { permitOpen: ['10.0.0.0/8:80'] }, 'db'],
    ['it may be an address', { permitOpen: ['10.0.0.0/8:80'] }, '0xa000001'],
    ['only its address may be denied', { denyOpen: ['10.0.0.0/8:*'] }, 'db'],
    ['no name denies a number', { denyOpen: ['*.*:*'] }, '127.1'],
    ['it is a permitted address', { permitOpen: ['[2001:db8::/32]:80'] }, '2001:db8::1'],
  ])('passes where %s', (_, lists, name) => {
    expect(policyOf(lists).objectionToName(name, 80)).toBeUndefined();
  });

  test.each(['a b', 'a/b', 'a*', '*', '', '.', 'a:b', '[::1]', 'a%b', '\u{200b}', '10.0.0.1%eth0'])(
    '%j is no name at all',
    (name) => {
      expect(Policy.open.objectionToName(name, 80)).toContain('is no name of a host');
      expect(Policy.open.objectionToOpen(name, '10.0.0.1', 80)).toContain('is no name of a host');
    },
  );
});

test.each([
  '',
  'db',
  '127.1',
  '0x7f.1',
  '010.0.0.1',
  '10.0.0.256',
  '[::1]',
  '1::2::3',
  '10.0.0.1%lo',
])('whatever it resolved to, %j is no address', (address) => {
  expect(Policy.open.objectionToOpen('db', address, 80)).toBe(`${address} is no address`);
});

describe('permit-listen', () => {
  test.each([
    ['8000-8100', 'localhost', 8000],
    ['8000-8100', '127.0.0.1', 8100],
    ['8000-8100', '::1', 8050],
    ['22,8000', 'LOCALHOST', 22],
    ['localhost:*', 'localhost', 1],
    ['localhost:*', '127.0.0.5', 1],
    ['*:9000', '*', 9000],
    ['*:9000', 'localhost', 9000],
    ['*:9000', '::', 9000],
    ['*:9000', '0.0.0.0', 9000],
    ['*:9000', '10.0.0.1', 9000],
    ['*:9000', 'some-name-of-mine', 9000],
    ['0.0.0.0:9000', '0.0.0.0', 9000],
    ['0.0.0.0/0:9000', '0.0.0.0', 9000],
    ['[::]:9000', '*', 9000],
    ['10.0.0.0/8:9000', '10.0.0.1', 9000],
    ['10.0.0.0/8:9000', '::ffff:10.0.0.1', 9000],
    ['[fe80::/10]:9000', 'fe80::1%eth0', 9000],
    ['8000-8100', 'localhost', 0],
    ['*:9000', '*', 0],
  ])('%s permits %s, port %i', (entry, bind, port) => {
    expect(policyOf({ permitListen: [entry] }).objectionToListen(bind, port)).toBeUndefined();
  });

  test.each([
    ['8000-8100', 'localhost', 8101],
    ['8000-8100', '*', 8000],
    ['8000-8100', '0.0.0.0', 8000],
    ['8000-8100', '::', 8000],
    ['8000-8100', '', 8000],
    ['8000-8100', '10.0.0.1', 8000],
    ['localhost:*', '*', 80],
    ['localhost:*', 'some-name-of-mine', 80],
    ['*:9000', '*', 9001],
    ['0.0.0.0:9000', '*', 9000],
    ['0.0.0.0:9000', '::', 9000],
    ['127.0.0.1:9000', 'localhost', 9000],
    ['10.0.0.0/8:9000', '*', 9000],
    ['10.0.0.0/8:9000', '*', 0],
    ['0.0.0.0/8:9000', '0.0.0.0', 9000],
    ['/**', 'localhost', 80],
  ])('%s does not permit %s, port %i', (entry, bind, port) => {
    expect(policyOf({ permitListen: [entry] }).objectionToListen(bind, port)).toMatch(
      /^listening on .* is not among permit-listen of FILE1$/u,
    );
  });

  test('several entries may permit what a listener needs together', () => {
    const policy = policyOf({ permitListen: ['127.0.0.1:80', '[::1]:80-90'] });
    expect(policy.objectionToListen('localhost', 80)).toBeUndefined();
    expect(policy.objectionToListen('localhost', 81)).toBeDefined();
  });
});

describe('deny-listen', () => {
  test.each([
    ['*:*', 'localhost', 80],
    ['*:*', '*', 0],
    ['*:1-65535', '*', 0],
    ['22', '10.0.0.1', 22],
    ['22', '*', 22],
    ['localhost:22', '*', 22],
    ['localhost:22', '0.0.0.0', 22],
    ['127.0.0.1:22', 'localhost', 22],
    ['10.0.0.0/8:22', '*', 22],
    ['10.0.0.0/8:22', 'some-name-of-mine', 22],
    ['[2001:db8::/32]:22', '::', 22],
    ['0.0.0.0:22', '10.0.0.1', 22],
  ])('%s denies %s, port %i', (entry, bind, port) => {
    const policy = policyOf({ permitListen: ['*:*'], denyListen: [entry] });
    expect(policy.objectionToListen(bind, port)).toContain(`is denied by FILE1:${entry}`);
  });

  test.each([
    ['22', 'localhost', 0],
    ['22', 'localhost', 23],
    ['localhost:22', '10.0.0.1', 22],
    ['[2001:db8::/32]:22', '0.0.0.0', 22],
    ['/**', '*', 22],
  ])('%s does not deny %s, port %i', (entry, bind, port) => {
    expect(policyOf({ denyListen: [entry] }).objectionToListen(bind, port)).toBeUndefined();
  });
});

describe('paths', () => {
  const USES = [
    ['open', 'objectionToOpenPath', 'permitOpen', 'denyOpen'],
    ['listen', 'objectionToListenPath', 'permitListen', 'denyListen'],
  ] as const;

  test.each([
    ['/run/app/*.sock', '/run/app/a.sock', true],
    ['/run/app/*.sock', '/run//app/./a.sock', true],
    ['/run/app/*.sock', '/run/app/b/a.sock', false],
    ['/run/app/*.sock', '/run/app/a.sock.d', false],
    ['/run/*/x', '/run/a/x', true],
    ['/run/*/x', '/run/a/b/x', false],
    ['/run/**/x', '/run/a/b/x', true],
    ['/**', '/anything/at/all', true],
    ['/run/a.b', '/run/aXb', false],
    ['/run/x', '/RUN/x', false],
    ['*:*', '/run/x', false],
  ])('%s and %s: %s', (entry, path, isMeant) => {
    for (const [, method, permit, deny] of USES) {
      const permitted = policyOf({ [permit]: [entry] })[method](path);
      const denied = policyOf({ [deny]: [entry] })[method](path);
      expect(permitted === undefined).toBe(isMeant);
      expect(denied !== undefined).toBe(isMeant);
    }
  });

  test.each(['/run/app/../../etc/x', '/..', 'run/x', '', '/', './x'])('%j is refused', (path) => {
    for (const [, method] of USES) expect(Policy.open[method](path)).toContain('no absolute path');
  });

  test('reasons name the use, the path and the file', () => {
    for (const [use, method, permit, deny] of USES) {
      const verb = use === 'open' ? 'connecting to' : 'listening on';
      expect(policyOf({ [permit]: [] })[method]('/x')).toBe(
        `${verb} /x is not among permit-${use} of FILE1`,
      );
      expect(policyOf({ [deny]: ['/*'] })[method]('/x')).toBe(`${verb} /x is denied by FILE1:/*`);
    }
  });
});

describe('for any rules and targets', () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1', '::1', METADATA_V4));
  const names = fc.constantFrom('db', 'a.example.org', 'localhost', '127.1');
  const ports = fc.constantFrom(80, 443, 8050);
  const hostEntry = fc
    .tuple(
      fc.constantFrom('*', '10.0.0.0/8', '[::/1]', '10.0.0.1', 'db', '*.example.org', 'localhost'),
      fc.constantFrom('*', '80', '443,8000-8100'),
    )
    .map(([host, port]) => `${host}:${port}`);
  const entries = fc.array(hostEntry, { maxLength: 4 });
  const lists = fc.record({ permitOpen: entries, denyOpen: entries }, { requiredKeys: [] });

  test('what is denied stays denied, whatever is permitted beside it', () => {
    fc.assert(
      fc.property(entries, entries, names, addresses, ports, (denyOpen, permitOpen, ...target) => {
        if (policyOf({ denyOpen }).objectionToOpen(...target) === undefined) return;
        expect(policyOf({ denyOpen, permitOpen }).objectionToOpen(...target)).toBeDefined();
      }),
    );
  });

  test('two files permit what each of them permits, and no more', () => {
    fc.assert(
      fc.property(lists, lists, names, addresses, ports, (first, second, ...target) => {
        const passes = (...layers: Lists[]) =>
          policyOf(...layers).objectionToOpen(...target) === undefined;
        expect(passes(first, second)).toBe(passes(first) && passes(second));
      }),
    );
  });

  test('a name that is refused before it is resolved has no address that passes', () => {
    fc.assert(
      fc.property(lists, names, addresses, ports, (rules, name, address, port) => {
        const policy = policyOf(rules);
        if (policy.objectionToName(name, port) === undefined) return;
        expect(policy.objectionToOpen(name, address, port)).toBeDefined();
      }),
    );
  });

  test('each spelling of an address is judged alike', () => {
    fc.assert(
      fc.property(lists, fc.ipV4(), ports, (rules, address, port) => {
        const policy = policyOf(rules);
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const groups = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        const judged = [address, `::ffff:${address}`, `0::FFFF:${groups}`].map(
          (each) => policy.objectionToOpen('db', each, port) === undefined,
        );
        expect(new Set(judged).size).toBe(1);
      }),
    );
  });

  test('no text for a name, an address or a path throws', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl());
    fc.assert(
      fc.property(lists, text, text, fc.integer(), (rules, name, other, port) => {
        const policy = policyOf({ ...rules, permitListen: ['8000'], denyListen: ['*:22'] });
        policy.objectionToName(name, port);
        policy.objectionToOpenPath(`/${name}`);
        policy.objectionToListenPath(other);
        policy.objectionToListen(name, port);
        expect(policy.objectionToOpen(name, other, port)).toBeDefined();
      }),
    );
  });
});
