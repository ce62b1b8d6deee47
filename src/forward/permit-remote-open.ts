import type { PermitRemoteOpen } from './socks-answer.ts';

/**
 * ssh's PermitRemoteOpen: `any`, `none`, or `host:port` with `*` for either; names and addresses are compared as they are written.
 * What cannot be read permits nothing.
 */
export function permitRemoteOpen(value: string | undefined): PermitRemoteOpen {
  const words = (value ?? 'any').split(/\s+/u).filter((word) => word !== '');
  if (words.includes('any')) return () => true;
  const permitted = words.flatMap((word) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\*|\d{1,5})$/u.exec(word) ?? [];
    const host = bracketed ?? plain;
    return host === undefined || port === undefined ? [] : [{ host: host.toLowerCase(), port }];
  });
  return (host, port) =>
    permitted.some(
      (each) =>
        (each.host === '*' || each.host === host.toLowerCase()) &&
        (each.port === '*' || Number(each.port) === port),
    );
}
