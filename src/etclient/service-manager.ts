import { LaunchdManager } from './launchd-manager.ts';
import type { RunProgram } from './run-program.ts';
import type { Service } from './service-unit.ts';
import { SystemdManager } from './systemd-manager.ts';

/** What runs services for a user: a file for each tells it what. */
export interface ServiceManager {
  /** Where the files are. */
  readonly directory: string;
  /** The file of a service, and then what else there may be of it. */
  filesOf(name: string): readonly [string, ...string[]];
  /** Whose file this is, if it is one of ours. */
  nameOf(fileName: string): string | undefined;
  /** @throws {EtError} ET_ERR_STATE for what it cannot run */
  format(service: Service): string;
  /** What a file says is run; `undefined` where it says nothing. */
  wordsIn(text: string): readonly string[] | undefined;
  /** Runs what the file says, in place of what runs, and from each login on. Rejects with ET_ERR_STATE. */
  start(name: string, isReplaced: boolean): Promise<void>;
  /** For a shell: does what `start` does. */
  startLine(name: string): string;
  /** Ends it, before its file is deleted. Rejects with ET_ERR_STATE. */
  stop(name: string): Promise<void>;
  /** After its file was deleted. Rejects with ET_ERR_STATE. */
  forget(name: string): Promise<void>;
  /** What each of them does, in the manager's own words. Rejects with ET_ERR_STATE. */
  states(names: readonly string[]): Promise<readonly string[]>;
  /** What somebody should know whose service was started, in lines. */
  hints(name: string): Promise<readonly string[]>;
}

/** What a manager is found and asked by. */
export interface ManagerDeps {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly userId: number;
  readonly run: RunProgram;
}

/** launchd on macOS; anywhere else it is systemd, if there is one. */
export function serviceManager(deps: ManagerDeps): ServiceManager {
  return deps.platform === 'darwin' ? new LaunchdManager(deps) : new SystemdManager(deps);
}
