import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from './requirements.ts';

export interface CertificateOptions {
  /** As openssl writes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** Whether its time is over. */
  readonly isExpired?: boolean;
}

/** A certificate that is its own authority, and its key, in files of their own. Needs openssl. */
export class Certificate {
  readonly directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly pem: string;
  readonly key: string;

  constructor({
    names = 'DNS:localhost,IP:127.0.0.1',
    isExpired = false,
  }: CertificateOptions = {}) {
    this.directory = mkdtempSync(join(tmpdir(), 'everterm-certificate-'));
    this.certificateFile = join(this.directory, 'certificate.pem');
    this.keyFile = join(this.directory, 'key.pem');
    const made =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=everterm-test';
    const extension = ['-addext', `subjectAltName=${names}`, '-days', '2'];
    const files = ['-keyout', this.keyFile, '-out', this.certificateFile];
    const openssl = (args: readonly string[]): void => {
      execFileSync(requireTool('openssl'), args, { stdio: 'ignore' });
    };
    openssl([...made.split(' '), ...extension, ...files]);
    if (isExpired) {
      const again = ['x509', '-in', this.certificateFile, '-signkey', this.keyFile, '-days', '-1'];
      openssl([...again, '-out', this.certificateFile]);
    }
    this.pem = readFileSync(this.certificateFile, 'utf8');
    this.key = readFileSync(this.keyFile, 'utf8');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
