import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JoinRouterDeps } from '../../src/etserver/join-router.ts';
import type { RouterStatus } from '../../src/router/router-status.ts';
import { ETSERVER, EtHost } from '../support/et-host.ts';
import { freePort } from '../support/free-port.ts';
import { echo, helloFor, helloTo, localServer, roundTrip } from '../support/local-servers.ts';
import { Program } from '../support/program.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';
import { UdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

const UNITS = [
  'everterm-router.socket',
  'everterm-router-registration.socket',
  'everterm-router-udp.socket',
  'everterm-router.service',
];

describeNeeding(['systemd', 'sshd', 'python3', 'ipv6'], 'a router under systemd', () => {
  test('takes the sockets that systemd listens on, and tells their port', async (context) => {
    const host = await EtHost.start();
    context.onTestFinished(() => host.stop());
    const port = await freePort();
    const socket = join(host.home, 'router', 'router.sock');
    const program = Program.during(
      context,
      [
        'systemd-socket-activate',
        `--listen=127.0.0.1:${port}`,
        `--listen=${socket}`,
        '--fdname=tcp:registration',
        process.execPath,
        ETSERVER,
        'router',
        // It hands no variables on.
        `--socket=${socket}`,
      ],
      { cwd: host.home, environment: host.environment },
    );
    await until(
      'sockets',
      () => program.stderr,
      (text) => text.includes('Listening on 127') && text.includes(socket),
    );
    const server = await until(
      'a registration',
      () => localServer(socket, echo),
      (found) => found !== undefined,
    );
    expect(server?.registration.port).toBe(port);
    const client = await helloTo(port, server?.routeId ?? new Uint8Array(16));
    await roundTrip(client);
    const { stdout } = await host.etserver('router', '--status', '--json', '--socket', socket);
    expect(JSON.parse(stdout.toString()) as RouterStatus).toMatchObject({
      port,
      servers: 1,
      links: 1,
    });
    client.destroy();
    server?.registration.close();
  });

  test('takes the UDP socket that systemd has, and answers IPv4 and IPv6 by it', async (context) => {
    const host = await EtHost.start();
    context.onTestFinished(() => host.stop());
    const port = await freePort();
    const socket = join(host.home, 'router', 'router.sock');
    const activate = join(PROJECT_ROOT, 'test/support/activate-udp.py');
    const router = [process.execPath, ETSERVER, 'router', `--socket=${socket}`];
    const program = Program.during(context, ['python3', activate, String(port), ...router], {
      cwd: host.home,
      environment: host.environment,
    });
    await until(
      'a router',
      () => program.stderr,
      (text) => text.includes(`udp port ${port} of systemd`) && text.includes('router: tcp'),
    );
    const answer: JoinRouterDeps['onDatagram'] = (datagram, from) =>
      from.send([Buffer.from(`${datagram.length} ${from.label}`)]);
    const server = await localServer(socket, echo, answer);
    expect(server?.registration.udpPort).toBe(port);
    for (const [address, shown] of [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '[::1]'],
    ] as const) {
      const peer = await UdpPeer.open(address);
      context.onTestFinished(() => peer.close());
      await until(
        'an answer',
        () => peer.send(helloFor(server?.routeId ?? new Uint8Array(16)), port, address),
        () => peer.received.length > 0,
      );
      const said = Buffer.from(peer.received[0]?.bytes ?? []).toString();
      expect(said).toBe(`1400 udp ${shown}:${peer.port}`);
    }
    server?.registration.close();
  });

  test('has units that systemd takes, with a program that is there', async (context) => {
    const host = await EtHost.start();
    context.onTestFinished(() => host.stop());
    const files = UNITS.map((name) => {
      const text = readFileSync(join(PROJECT_ROOT, 'systemd', name), 'utf8');
      // The program and its user are the administrator's to install.
      const here = text
        .replace('/usr/bin/etserver', '/bin/true')
        .replace('User=everterm', 'User=root');
      return host.file(`units/${name}`, here);
    });
    const said = execFileSync('systemd-analyze', ['verify', ...files], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' },
    });
    expect(said).toBe('');
  });

  test('has nothing that it could do without', () => {
    const text = readFileSync(join(PROJECT_ROOT, 'systemd', 'everterm-router.service'), 'utf8');
    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'PrivateTmp=yes',
      'CapabilityBoundingSet=',
      'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });
});
