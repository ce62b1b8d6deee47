import { expect, type TestContext, test } from 'vitest';
import { LabHost } from '../support/lab-host.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
/** Of one datagram: more than what a packet of the link takes. */
const LONG_TEXTS = Array.from({ length: 12 }, (_, index) => String(index).padEnd(200, 'x'));

/** The part of what `iperf3 --json` says that a test looks at. */
interface IperfReport {
  readonly error?: string;
  readonly end: {
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number };
  };
}

describeNeeding(['netlab', 'sshd', 'iperf3'], 'iperf3 through forwards', () => {
  test.concurrent('measures TCP and UDP, there and back', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=10', 'rate=50000'] });
    await host.program(context, 'server', 'iperf3', '-s', '--forceflush').see(/listening/u);
    await host.forward(context, '-L', '5201:127.0.0.1:5201', '-U', '5201:127.0.0.1:5201');
    for (const back of [[], ['--reverse']]) {
      const tcp = await iperf(host, ...back);
      expect(tcp.error).toBeUndefined();
      expect(tcp.end.sum_received?.bytes).toBeGreaterThan(0);
      const udp = await iperf(host, '--udp', '--bitrate', '500K', '--length', '1200', ...back);
      expect(udp.error).toBeUndefined();
      const { packets = 0, lost_packets: lost = 0 } = udp.end.sum ?? {};
      expect(packets).toBeGreaterThan(100);
      // Nothing has to be dropped on this link, but a machine may be too busy to read.
      expect(lost).toBeLessThan(packets / 10);
    }
  });
});

async function iperf(host: LabHost, ...flags: readonly string[]): Promise<IperfReport> {
  const words = ['iperf3', '-c', '127.0.0.1', '--json', '--time', '3', ...flags];
  const { stdout } = await host.finish('client', words);
  return JSON.parse(stdout.toString()) as IperfReport;
}

describeNeeding(['netlab', 'sshd', 'dig', 'dnsmasq'], 'dig through forwards of datagrams', () => {
  test.concurrent('is answered across a cut, a change of address and silence', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=10'] });
    await serveNames(context, host, 'server');
    await host.forward(context, '-U', '5300:127.0.0.1:5353');
    expect(await dig(host, 'client', 'db.example')).toBe('192.0.2.7\n');
    expect(await dig(host, 'client', '+bufsize=4096', 'TXT', 'long.example')).toBe(
      `${LONG_TEXTS.map((text) => `"${text}"`).join(' ')}\n`,
    );
    await host.lab.control('reset');
    expect(await dig(host, 'client', 'db.example')).toBe('192.0.2.7\n');
    await host.lab.run('roam');
    expect(await dig(host, 'client', 'db.example')).toBe('192.0.2.7\n');
    await host.lab.control('down');
    const before = await bytesOut(host);
    const asked = dig(host, 'client', 'db.example');
    await until(
      'a question',
      () => bytesOut(host),
      (bytes) => bytes > before,
    );
    await host.lab.control('up');
    expect(await asked).toBe('192.0.2.7\n');
  });

  test.concurrent('asks from the host what the client can reach', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=10'] });
    await serveNames(context, host, 'client');
    await host.forward(context, '--udp-reverse', '5300:127.0.0.1:5353');
    expect(await dig(host, 'server', 'db.example')).toBe('192.0.2.7\n');
    await host.lab.control('reset');
    expect(await dig(host, 'server', 'db.example')).toBe('192.0.2.7\n');
  });
});

/** The answer that dig prints; it asks again every 2 s, and takes what is cut short for the answer. */
async function dig(
  host: LabHost,
  side: 'client' | 'server',
  ...words: readonly string[]
): Promise<string> {
  const flags = ['+short', '+ignore', '+tries=30', '+timeout=2'];
  const { stdout } = await host.finish(side, [
    'dig',
    '@127.0.0.1',
    '-p',
    '5300',
    ...flags,
    ...words,
  ]);
  // It also says that it asks again.
  return stdout.toString().replaceAll(/^;.*\n/gmu, '');
}

async function bytesOut(host: LabHost): Promise<number> {
  const { forwards } = await host.status();
  return forwards[0]?.bytesOut ?? 0;
}

/** A name server on port 5353 that knows two names. */
async function serveNames(
  context: TestContext,
  host: LabHost,
  side: 'client' | 'server',
): Promise<void> {
  const flags = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--log-facility=-',
    '--pid-file=',
    '--user=root',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    '--port=5353',
    '--edns-packet-max=4096',
    '--address=/db.example/192.0.2.7',
    `--txt-record=long.example,${LONG_TEXTS.join(',')}`,
  ];
  const server = host.program(context, side, requireTool('dnsmasq'), ...flags);
  await until(
    'a name server',
    () => server.stderr,
    (text) => text.includes('started'),
  );
}
