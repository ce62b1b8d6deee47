import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSshConfig } from '../../src/bootstrap/ssh-config.ts';
import { type ConfigForwards, configForwards } from '../../src/forward/config-forwards.ts';
import { formatListenPlace } from '../../src/forward/endpoint.ts';
import { type ForwardSpec, formatForward } from '../../src/forward/forward-spec.ts';
import { anyListen, anyTcpEndpoint, anyText } from './any-place.ts';

/** Reads lines as OpenSSH 9.2 prints them. */
function read(...lines: string[]): ConfigForwards {
  return configForwards(parseSshConfig(lines.join('\n')));
}

function only(...lines: string[]): ForwardSpec {
  const { specs, problems } = read(...lines);
  expect(problems).toEqual([]);
  expect(specs).toHaveLength(1);
  return specs[0] ?? expect.fail('no forward');
}

describe('LocalForward', () => {
  test.each([
    ['8003 [db]:5432', '8003 -> db:5432'],
    ['[127.0.0.1]:8004 [db]:5432', '127.0.0.1:8004 -> db:5432'],
    ['[*]:8005 [::1]:80', '*:8005 -> [::1]:80'],
    ['[]:8007 [db]:1', '*:8007 -> db:1'],
    ['[localhost]:8010 [db]:5432', '8010 -> db:5432'],
    ['[::1]:8006 [fe80::1%eth0]:80', '[::1]:8006 -> [fe80::1%eth0]:80'],
    ['/tmp/l.sock [db]:5432', '/tmp/l.sock -> db:5432'],
    ['8008 /run/r.sock', '8008 -> /run/r.sock'],
    ['/tmp/l2.sock /run/r.sock', '/tmp/l2.sock -> /run/r.sock'],
    ['/tmp/a b.sock /run/c d.sock', '/tmp/a b.sock -> /run/c d.sock'],
    ['/c d:1 /c:e', '/c d:1 -> /c:e'],
  ])('is read from %j', (value, forward) => {
    const spec = only(`localforward ${value}`);
    expect(formatForward(spec)).toBe(forward);
    expect(spec).toMatchObject({ kind: 'local', source: `LocalForward ${value}` });
  });

  test('to a unix socket is not a SOCKS proxy too, though ssh prints it as one', () => {
    const lines = [
      'dynamicforward /tmp/a b.sock',
      'dynamicforward 8008',
      'dynamicforward [*]:8009',
      'dynamicforward 1080',
      'localforward 8008 /run/r.sock',
      'localforward [*]:8009 /run/r.sock',
      'localforward /tmp/a b.sock /run/c d.sock',
      'localforward 10800 /x',
    ];
    const { specs, problems } = read(...lines);
    expect(problems).toEqual([]);
    expect(specs.filter(({ kind }) => kind === 'dynamic').map(formatForward)).toEqual([
      '1080 -> socks',
    ]);
    expect(specs.filter(({ kind }) => kind === 'local')).toHaveLength(4);
  });

  test('is read back whatever it is, but for paths with a blank before a slash', () => {
    const anyPlain = anyListen(1).filter((place) => !formatListenPlace(place).includes(' /'));
    fc.assert(
      fc.property(anyPlain, anyTcpEndpoint, (listen, target) => {
        const at = listen.kind === 'tcp' ? `[${listen.bind}]:${listen.port}` : placePath(listen);
        const to = target.kind === 'tcp' ? `[${target.host}]:${target.port}` : target.path;
        expect(only(`localforward ${at} ${to}`)).toMatchObject({ listen, target });
      }),
    );
  });
});

describe('RemoteForward', () => {
  test.each([
    ['9003 [localhost]:22', '9003 -> localhost:22'],
    ['0 [localhost]:22', '0 -> localhost:22'],
    ['[*]:9014 [localhost]:22', '*:9014 -> localhost:22'],
    ['[]:9015 [localhost]:22', '*:9015 -> localhost:22'],
    ['/run/x.sock [localhost]:22', '/run/x.sock -> localhost:22'],
    ['9005 /tmp/z.sock', '9005 -> /tmp/z.sock'],
    ['/run/y.sock /tmp/z.sock', '/run/y.sock -> /tmp/z.sock'],
    ['8 [socks]:4', '8 -> socks:4'],
  ])('is read from %j', (value, forward) => {
    const spec = only(`remoteforward ${value}`);
    expect(formatForward(spec)).toBe(forward);
    expect(spec).toMatchObject({ kind: 'remote', source: `RemoteForward ${value}` });
  });

  test.each([
    ['9000', '9000 -> socks'],
    ['0', '0 -> socks'],
    ['[*]:9001', '*:9001 -> socks'],
    ['/run/q.sock', '/run/q.sock -> socks'],
  ])('%s alone is a SOCKS proxy', (value, forward) => {
    const spec = only(`remoteforward ${value} [socks]:0`);
    expect(formatForward(spec)).toBe(forward);
    expect(spec.target).toBeUndefined();
    expect(spec).toMatchObject({ kind: 'remote', source: `RemoteForward ${value}` });
  });
});

describe('DynamicForward', () => {
  test.each([
    ['1080', '1080 -> socks'],
    ['[*]:1081', '*:1081 -> socks'],
    ['[]:1085', '*:1085 -> socks'],
    ['[::1]:1082', '[::1]:1082 -> socks'],
    ['[localhost]:1083', '1083 -> socks'],
  ])('is read from %j', (value, forward) => {
    const spec = only(`dynamicforward ${value}`);
    expect(formatForward(spec)).toBe(forward);
    expect(spec).toMatchObject({ kind: 'dynamic', source: `DynamicForward ${value}` });
  });
});

describe('what cannot be read', () => {
  test.each([
    ['localforward 8003', 'LocalForward "8003": it lacks a half'],
    ['localforward 0 [db]:1', 'LocalForward "0 [db]:1": "0" is no port within 1-65535'],
    ['localforward ~/x.sock [a]:1', 'the path "~/x.sock" does not begin with /'],
    ['localforward /a /b /c', 'its blanks can be read in two ways'],
    ['localforward 8003 [a b]:1', 'LocalForward "8003 [a b]:1"'],
    ['remoteforward x [socks]:0', 'RemoteForward "x [socks]:0": "x" is no port'],
    ['dynamicforward 0', 'DynamicForward "0": "0" is no port within 1-65535'],
    ['dynamicforward', 'DynamicForward "": "" is no port'],
  ])('is left out and said: %s', (line, problem) => {
    const { specs, problems } = read('localforward 1 [a]:2', line, 'remoteforward 3 [b]:4');
    expect(specs.map(formatForward)).toEqual(['1 -> a:2', '3 -> b:4']);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test('never throws, and is one problem each', () => {
    fc.assert(
      fc.property(fc.array(anyText), (texts) => {
        const values = new Map<string, string[]>();
        const config = { localForwards: texts, remoteForwards: texts, dynamicForwards: [], values };
        const { specs, problems } = configForwards(config);
        expect(specs.length + problems.length).toBe(2 * texts.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the rest of ssh_config', () => {
  test('GatewayPorts opens the ports of this side that have no bind', () => {
    const { specs, gatewayPorts } = read(
      'gatewayports yes',
      'localforward 1 [a]:2',
      'localforward [localhost]:3 [a]:2',
      'remoteforward 4 [a]:2',
      'remoteforward 5 [socks]:0',
      'dynamicforward 6',
    );
    expect(gatewayPorts).toBe(true);
    expect(specs.map(formatForward)).toEqual([
      '*:1 -> a:2',
      '3 -> a:2',
      '4 -> a:2',
      '5 -> socks',
      '*:6 -> socks',
    ]);
  });

  test('ClearAllForwardings leaves no forward', () => {
    const lines = ['localforward 1 [a]:2', 'remoteforward nonsense', 'dynamicforward 3'];
    const cleared = read('clearallforwardings yes', ...lines);
    expect(cleared).toMatchObject({ specs: [], problems: [], isCleared: true });
    expect(read('clearallforwardings no', ...lines)).toMatchObject({ isCleared: false });
  });

  test.each([
    ['exitonforwardfailure yes', true],
    ['exitonforwardfailure true', true],
    ['exitonforwardfailure no', false],
    ['port 22', false],
  ])('%s: exitOnFailure %s', (line, exitOnFailure) => {
    expect(read(line).exitOnFailure).toBe(exitOnFailure);
  });

  test.each([
    ['forwardagent no', undefined],
    ['port 22', undefined],
    ['forwardagent yes', ''],
    ['forwardagent true', ''],
    ['forwardagent $MY_AGENT', '$MY_AGENT'],
    ['forwardagent /tmp/a b', '/tmp/a b'],
  ])('%s: agent %j', (line, agent) => {
    expect(read(line).agent).toBe(agent);
  });

  test('nothing is asked for where nothing is said', () => {
    expect(read()).toEqual({
      specs: [],
      exitOnFailure: false,
      isCleared: false,
      gatewayPorts: false,
      agent: undefined,
      problems: [],
    });
  });
});

function placePath(place: ForwardSpec['listen']): string {
  return place.kind === 'unix' ? place.path : expect.fail('no path');
}
