import { EtError, messageOf } from '../base/errors.ts';
import { DialFailure } from '../link/dial-failure.ts';
import type { ChannelReason } from '../mux/channel.ts';
import { REASON } from '../wire/messages.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';

/** Why a target was not reached, as a channel is refused with it. */
export class ConnectFailure extends EtError {
  readonly reason: ChannelReason;

  constructor(code: number, text: string, cause?: unknown) {
    super('ET_ERR_FORWARD', text, { cause });
    this.reason = { code, text };
  }
}

/** Says what a dial that failed means for `target`. */
export function connectFailureOf(target: Endpoint, error: unknown): ConnectFailure {
  const where = formatEndpoint(target);
  if (!(error instanceof DialFailure)) {
    return new ConnectFailure(REASON.failed, `${where}: ${messageOf(error)}`, error);
  }
  switch (error.kind) {
    case 'refused':
      return new ConnectFailure(REASON.connectionRefused, `connection refused by ${where}`, error);
    case 'dns':
      return new ConnectFailure(REASON.notFound, `cannot resolve ${hostOf(target)}`, error);
    case 'timeout':
      return new ConnectFailure(REASON.failed, `timed out: ${where} does not answer`, error);
    case 'no-route':
      return new ConnectFailure(REASON.failed, `no route to ${where}`, error);
    case 'other':
      return new ConnectFailure(REASON.failed, error.message, error);
  }
}

function hostOf(target: Endpoint): string {
  return target.kind === 'tcp' ? target.host : target.path;
}
