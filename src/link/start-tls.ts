import type { TLSSocket } from 'node:tls';
import { messageOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { attemptFailedBy, type DialAttempt } from './dial-failure.ts';
import { type DialStepPlace, dialStep } from './dial-step.ts';
import { ipFamily } from './ip-family.ts';

const MAX_REASON_CHARACTERS = 200;

export interface TlsPeer {
  /** The name or address that its certificate must be for. */
  readonly host: string;
  /** Trusted in place of the authorities that Node trusts; PEM. */
  readonly ca: string | undefined;
}

/**
 * TLS over a connection that is there. The certificate is always verified: there is no switch, and the environment's has no say.
 * Rejects with a `DialFailure`: `certificate of host is not valid: certificate has expired`.
 */
export function startTls(place: DialStepPlace, { host, ca }: TlsPeer): Promise<TLSSocket> {
  return dialStep(place, ({ done, fail }) => {
    const connect = async (): Promise<void> => {
      const tls = await import('node:tls');
      const socket = tls.connect({
        socket: place.socket,
        host,
        // RFC 6066 has no addresses there.
        ...(ipFamily(host) === 0 && { servername: host }),
        ...(ca !== undefined && { ca }),
        rejectUnauthorized: true,
        ALPNProtocols: ['http/1.1'],
      });
      // Stays: an error that nobody hears would end the process.
      socket.on('error', (error) => fail(attemptOf(place.target, host, socket, error)));
      socket.once('secureConnect', () => done(socket));
    };
    connect().catch((error: unknown) => fail(attemptFailedBy(place.target, error)));
  });
}

function attemptOf(target: string, host: string, socket: TLSSocket, error: Error): DialAttempt {
  // Node's types say Error; it is a code, and null as long as nothing is wrong.
  const isUntrusted = Boolean(socket.authorizationError);
  if (isUntrusted) {
    const reason = printable(messageOf(error)).slice(0, MAX_REASON_CHARACTERS);
    return {
      target: `certificate of ${host}`,
      kind: 'other',
      what: `is not valid: ${reason}`,
      cause: error,
    };
  }
  // OpenSSL's own text has several lines.
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
  if (reason === undefined) return attemptFailedBy(target, error);
  return { target, kind: 'other', what: `failed: TLS: ${printable(reason)}`, cause: error };
}
