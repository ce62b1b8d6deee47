import { readFileSync } from 'node:fs';
import { Certificate } from './certificate.ts';
import { ET, type EtHost } from './et-host.ts';
import { Nginx } from './nginx.ts';
import { RealProxy } from './real-proxy.ts';
import type { RequirementName } from './requirements.ts';
import { RouterProcess } from './router-process.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { UdpProxy } from './udp-proxy.ts';

/** The only road that a session has. */
export interface Road {
  /** The program and its arguments that make it `et` over this road; more flags, `to` and a command may follow. */
  readonly words: readonly string[];
  /** The destination, where one is named. */
  readonly to: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** As `et status --json` tells of a link over it. */
  readonly name: string;
  readonly label: RegExp;
  /** Ends whatever carries the session; settles once it could carry it again. Not there where nothing can come between. */
  readonly cut?: () => void | Promise<void>;
  /** A cut does not end a link. */
  readonly keepsLink?: boolean;
  close(): void | Promise<void>;
}

export interface RoadKind {
  readonly name: string;
  /** Beside sshd and Linux. */
  readonly needs: readonly RequirementName[];
  readonly open: (host: EtHost) => Promise<Road>;
}

export const STRAIGHT_KINDS: readonly RoadKind[] = [
  { name: 'tcp', needs: [], open: overTcp },
  { name: 'ssh-stdio', needs: [], open: overSsh },
  { name: 'a unix socket', needs: [], open: overUnix },
];

export const UDP_KINDS: readonly RoadKind[] = [
  { name: 'udp', needs: [], open: overUdp },
  { name: 'udp through a translator that forgets', needs: [], open: overForgetfulUdp },
];

export const ROUTER_KINDS: readonly RoadKind[] = [
  { name: 'a router', needs: [], open: overRouter },
  { name: 'datagrams by a router', needs: [], open: overRouterInDatagrams },
  { name: "a jump host's router", needs: [], open: overJumpHost },
];

export const WEB_SOCKET_KIND: RoadKind = { name: 'WebSocket', needs: [], open: overWebSocket };

export const NGINX_KIND: RoadKind = {
  name: 'WebSocket behind nginx with TLS',
  needs: ['nginx', 'openssl'],
  open: overNginx,
};

export const PROXY_KINDS: readonly RoadKind[] = [
  { name: 'tcp through an HTTP proxy', needs: ['tinyproxy'], open: overHttpProxy },
  { name: 'tcp through a SOCKS5 proxy', needs: ['microsocks'], open: overSocksProxy },
];

function wordsVia(host: EtHost, plan: string, ...flags: readonly string[]): readonly string[] {
  return [...host.clientWords, '--via', plan, ...flags];
}

/** The session server has a port of its own, before which a proxy cuts. */
async function overTcp(host: EtHost): Promise<Road> {
  const proxy = await TcpProxy.before('127.0.0.2');
  return {
    words: wordsVia(host, 'tcp', '--port', String(proxy.port), '--bind', '127.0.0.2'),
    to: ['testhost'],
    name: 'tcp',
    label: new RegExp(`^tcp 127\\.0\\.0\\.1:${proxy.port}$`, 'u'),
    cut: () => proxy.cut(),
    close: () => proxy.close(),
  };
}

/** The session server has a port of its own; a cut swallows what was there, without a sign to anybody. */
async function overUdp(host: EtHost): Promise<Road> {
  const proxy = await UdpProxy.before('127.0.0.2');
  return { ...udpRoad(host, proxy), cut: () => proxy.cut() };
}

/** The same; the client's address changes under way, and the link lives on. */
async function overForgetfulUdp(host: EtHost): Promise<Road> {
  const proxy = await UdpProxy.before('127.0.0.2');
  return { ...udpRoad(host, proxy), cut: () => proxy.rebind(), keepsLink: true };
}

function udpRoad(host: EtHost, proxy: UdpProxy): Road {
  return {
    words: wordsVia(host, 'udp', '--port', String(proxy.port), '--bind', '127.0.0.2'),
    to: ['testhost'],
    name: 'udp',
    label: new RegExp(`^udp 127\\.0\\.0\\.1:${proxy.port}$`, 'u'),
    close: () => proxy.close(),
  };
}

async function overSsh(host: EtHost): Promise<Road> {
  return {
    words: wordsVia(host, 'ssh'),
    to: ['testhost'],
    name: 'ssh',
    label: /^ssh-stdio testhost$/u,
    cut: () => host.cutSsh(),
    close: () => undefined,
  };
}

async function overUnix(): Promise<Road> {
  return {
    words: [process.execPath, ET, '--local'],
    to: [],
    name: 'unix',
    label: /^unix \//u,
    close: () => undefined,
  };
}

async function overRouter(host: EtHost): Promise<Road> {
  const router = await RouterProcess.start(host);
  return {
    words: wordsVia(host, 'tcp'),
    to: ['testhost'],
    name: 'tcp',
    label: new RegExp(`^tcp 127\\.0\\.0\\.1:${router.port}$`, 'u'),
    cut: () => again(router),
    close: () => router.stop(),
  };
}

/** The router is killed, and the link that it does not know of lives on. */
async function overRouterInDatagrams(host: EtHost): Promise<Road> {
  const router = await RouterProcess.start(host);
  return {
    words: wordsVia(host, 'udp'),
    to: ['testhost'],
    name: 'udp',
    label: new RegExp(`^udp 127\\.0\\.0\\.1:${router.port}$`, 'u'),
    cut: () => again(router),
    close: () => router.stop(),
    keepsLink: true,
  };
}

/** ssh's own jump is over the sshd that is also the host's; links go over two routers, which are killed in turn. */
async function overJumpHost(host: EtHost): Promise<Road> {
  const far = await RouterProcess.start(host);
  const gate = await RouterProcess.start(host, {
    socket: `${host.home}/gate/router.sock`,
    flags: ['--allow-forward-to', `127.0.0.1:${far.port}`],
  });
  const own = readFileSync(host.sshd.sshConfigPath, 'utf8');
  const config = host.file('both', `${own.replace('testhost', 'gate')}\n${own}`);
  const routers = [gate, far];
  return {
    words: wordsVia(host, 'jump', '-F', config, '--jumphost', 'gate', '--jport', `${gate.port}`),
    to: ['testhost'],
    name: 'jump',
    label: new RegExp(`:${gate.port}\\b`, 'u'),
    cut: async () => {
      routers.reverse();
      for (const router of routers.slice(1)) await again(router);
    },
    close: async () => {
      for (const router of routers) await router.stop();
    },
  };
}

async function overWebSocket(host: EtHost): Promise<Road> {
  const router = await RouterProcess.start(host);
  const url = `ws://127.0.0.1:${router.port}/`;
  return {
    words: wordsVia(host, url),
    to: ['testhost'],
    name: url,
    label: new RegExp(`^ws:.*:${router.port}/`, 'u'),
    cut: () => again(router),
    close: () => router.stop(),
  };
}

async function overNginx(host: EtHost): Promise<Road> {
  const router = await RouterProcess.start(host);
  const certificate = new Certificate();
  const nginx = await Nginx.open(certificate, router.port);
  const url = `wss://localhost:${nginx.port}/et`;
  return {
    words: wordsVia(host, url),
    to: ['testhost'],
    environment: { NODE_EXTRA_CA_CERTS: certificate.certificateFile },
    name: url,
    label: new RegExp(`^wss:.*:${nginx.port}/et`, 'u'),
    cut: () => nginx.restart(),
    close: async () => {
      await nginx.close();
      await router.stop();
      certificate.remove();
    },
  };
}

async function overHttpProxy(host: EtHost): Promise<Road> {
  const proxy = await RealProxy.tinyproxy();
  return overProxy(host, proxy, { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
}

async function overSocksProxy(host: EtHost): Promise<Road> {
  const proxy = await RealProxy.microsocks();
  return overProxy(host, proxy, { ALL_PROXY: `socks5h://127.0.0.1:${proxy.port}` });
}

function overProxy(host: EtHost, proxy: RealProxy, environment: Road['environment']): Road {
  return {
    words: wordsVia(host, 'proxy'),
    to: ['testhost'],
    ...(environment !== undefined && { environment }),
    name: 'proxy',
    label: new RegExp(`^tcp .* through proxy 127\\.0\\.0\\.1:${proxy.port}$`, 'u'),
    cut: () => proxy.restart(),
    close: () => proxy.close(),
  };
}

async function again(router: RouterProcess): Promise<void> {
  await router.kill();
  await router.startAgain(0);
}
