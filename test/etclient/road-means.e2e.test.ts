import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import type { ConnectCommand } from '../../src/etclient/cli/client-command.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import type { RoadMeans } from '../../src/etclient/road-dials.ts';
import { roadMeans } from '../../src/etclient/road-means.ts';
import type { Carrier, Dial } from '../../src/link/carrier.ts';
import { ScriptedProxy } from '../support/scripted-proxy.ts';

let proxy: ScriptedProxy;
let server: Server;
let port = 0;
const accepted: Socket[] = [];

beforeEach(async () => {
  proxy = await ScriptedProxy.open();
  server = createServer((socket) => {
    accepted.push(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  for (const socket of accepted.splice(0)) socket.destroy();
  server.close();
  await proxy.close();
});

function meansOf(
  environment: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  isOwnPort?: (port: number) => boolean,
): RoadMeans {
  const command = parseCommandLine([...flags, '127.0.0.1']) as ConnectCommand;
  const wlan = [{ address: '127.0.0.9', family: 'IPv4' } as NetworkInterfaceInfo];
  const deps = { clock: new SystemClock(), interfaces: () => ({ wlan, usb: [] }), environment };
  return roadMeans(deps, command, '127.0.0.1', isOwnPort);
}

/** The carrier of a dial, which the test has ended; or why there is none. */
async function labelOf(dial: Dial | undefined): Promise<string> {
  if (dial === undefined) return 'no such road';
  try {
    const carrier: Carrier = await dial(new AbortController().signal);
    carrier.reset();
    return carrier.label;
  } catch (error) {
    return String(error);
  }
}

describe('a proxy', () => {
  test('is a road where the environment names one, and tcp stays straight', async () => {
    const means = meansOf({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    const through = await labelOf(means.proxy?.('127.0.0.1', port));
    expect(through).toBe(`tcp 127.0.0.1:${port} through proxy 127.0.0.1:${proxy.port}`);
    expect(proxy.count).toBe(1);
    expect(await labelOf(means.tcp('127.0.0.1', port))).toBe(`tcp 127.0.0.1:${port}`);
    expect(proxy.count).toBe(1);
  });

  test('is none where it names none, or exempts the host', () => {
    expect(meansOf({}).proxy).toBeUndefined();
    const url = `http://127.0.0.1:${proxy.port}`;
    expect(meansOf({ HTTPS_PROXY: url, NO_PROXY: '127.0.0.0/8' }).proxy).toBeUndefined();
  });

  test('that cannot be read fails its own road and the WebSocket, and no other', async () => {
    const means = meansOf({ HTTPS_PROXY: 'ftp://127.0.0.1', HTTP_PROXY: 'ftp://127.0.0.1' });
    expect(await labelOf(means.proxy?.('127.0.0.1', port))).toContain('HTTPS_PROXY: ');
    expect(await labelOf(means.webSocket('wss://127.0.0.1/x'))).toContain('HTTPS_PROXY: ');
    expect(await labelOf(means.webSocket('ws://127.0.0.1/x'))).toContain('HTTP_PROXY: ');
    expect(await labelOf(means.tcp('127.0.0.1', port))).toBe(`tcp 127.0.0.1:${port}`);
  });

  test('of the session itself is dialled by no road', async () => {
    const url = `http://127.0.0.1:${proxy.port}`;
    const means = meansOf(
      { HTTPS_PROXY: url, HTTP_PROXY: url },
      [],
      (asked) => asked === proxy.port,
    );
    const own = `proxy 127.0.0.1:${proxy.port} is this session's own`;
    expect(await labelOf(means.proxy?.('127.0.0.1', port))).toContain(own);
    expect(await labelOf(means.webSocket('wss://127.0.0.1/x'))).toContain(own);
    expect(await labelOf(means.webSocket('ws://127.0.0.1/x'))).toContain(own);
    expect([proxy.requests, proxy.openCount]).toEqual([[], 0]);
    expect(await labelOf(means.tcp('127.0.0.1', port))).toBe(`tcp 127.0.0.1:${port}`);
  });
});

describe('--from', () => {
  async function sourceOf(dial: Dial): Promise<string | undefined> {
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const carrier = await dial(new AbortController().signal);
    const [socket] = await connected;
    const { remoteAddress } = socket;
    carrier.reset();
    return remoteAddress;
  }

  test('binds tcp to an address, or to those that an interface has', async () => {
    const place = ['127.0.0.1', port] as const;
    expect(await sourceOf(meansOf({}, ['--from', '127.0.0.8']).tcp(...place))).toBe('127.0.0.8');
    expect(await sourceOf(meansOf({}, ['--from', 'wlan']).tcp(...place))).toBe('127.0.0.9');
    const both = meansOf({}, ['--from', 'usb', '--from', '127.0.0.8']);
    expect(await sourceOf(both.tcp(...place))).toBe('127.0.0.8');
    expect(await sourceOf(both.tcp(...place, 'wlan'))).toBe('127.0.0.9');
  });

  test('an interface without an address is said, and nothing is dialled', async () => {
    const means = meansOf({}, ['--from', 'usb']);
    expect(await labelOf(means.tcp('127.0.0.1', port))).toContain('usb has no address');
    expect(accepted).toEqual([]);
  });
});

test('a jump is a road only with --jumphost', () => {
  expect(meansOf({}).jump).toBeUndefined();
  expect(meansOf({}, ['--jumphost', 'gate']).jump).toBeDefined();
});
