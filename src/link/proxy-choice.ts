import { isExemptFromProxy } from './no-proxy.ts';
import { type ProxyServer, parseProxy } from './parse-proxy.ts';

/** Variables by name, as in `process.env`. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** What is to be reached. */
export interface ProxyTarget {
  readonly kind: 'tcp' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
}

/**
 * The proxy that the environment names for a target, as curl would choose it: https_proxy for what is encrypted (wss, and the links
 * of ours over TCP), http_proxy for ws, else all_proxy; the small spelling before the capital one; nothing for what NO_PROXY exempts.
 * An empty variable is one that is not there.
 *
 * HTTP_PROXY in capitals counts as well, unless we run in a CGI script, where whoever sends a `Proxy:` header has set it.
 *
 * @throws {EtError} ET_ERR_USAGE when the variable is not a proxy's address
 */
export function proxyFor(
  environment: ProxyEnvironment,
  target: ProxyTarget,
): ProxyServer | undefined {
  const isPlain = target.kind === 'ws';
  const names = [isPlain ? 'http_proxy' : 'https_proxy', 'all_proxy'].flatMap(spellings);
  const isCgi = environment['REQUEST_METHOD'] !== undefined;
  const source = names.find(
    (name) => !(isCgi && name === 'HTTP_PROXY') && (environment[name] ?? '') !== '',
  );
  if (source === undefined) return undefined;
  const noProxy = spellings('no_proxy').map((name) => environment[name] ?? '');
  const exempt = noProxy.find((text) => text !== '') ?? '';
  if (isExemptFromProxy(exempt, target.host, target.port)) return undefined;
  return parseProxy(environment[source] ?? '', source);
}

function spellings(name: string): string[] {
  return [name, name.toUpperCase()];
}
