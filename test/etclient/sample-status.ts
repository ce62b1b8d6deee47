import type { ClientStatus, ForwardReport } from '../../src/etclient/client-status.ts';

export const SAMPLE_FORWARD: ForwardReport = {
  kind: 'local',
  listen: '8003',
  target: 'db:5432',
  state: 'listening',
  open: 1,
  waiting: 0,
  refused: 2,
  bytesIn: 1_234_567,
  bytesOut: 9999,
  dropped: 0,
  lastError: 'db:5432 refused the connection',
};

export const SAMPLE_STATUS: ClientStatus = {
  id: `12ab34cd${'0'.repeat(24)}`,
  host: 'me@example.org',
  pid: 4711,
  state: 'connected',
  outageSeconds: 0,
  link: {
    label: 'tcp 192.0.2.1:60000',
    rttMs: 12.34,
    rate: 2_000_000,
    unsentBytes: 5,
    unacknowledgedBytes: 17,
  },
  links: [
    {
      id: 7,
      road: 'tcp',
      label: 'tcp 192.0.2.1:60000',
      state: 'alive',
      isUsed: true,
      rttMs: 12.34,
      rate: 2_000_000,
      deliveredBytes: 1_200_000,
      inFlightBytes: 0,
      lostBytes: 0,
      sentBytes: 1_250_000,
      receivedBytes: 900,
      recordsSent: 30,
      recordsReceived: 40,
    },
  ],
  lastFailure: null,
  forwards: [SAMPLE_FORWARD],
  history: [],
};
