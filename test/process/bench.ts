// A gateway process in front of the scripted upstream, with one call to open and one to close both.

import { rm } from 'node:fs/promises';
import { configAt, writeConfig } from './config.ts';
import { GatewayProcess, type Launcher, temporaryFolder } from './gateway-process.ts';
import { answerAsAsked } from './replies.ts';
import { TestUpstream } from './test-upstream.ts';

export interface ProcessBench {
  upstream: TestUpstream;
  gateway: GatewayProcess;
  close(): Promise<void>;
}

export async function openProcessBench(options: { launcher?: Launcher } = {}): Promise<ProcessBench> {
  const upstream = await TestUpstream.listen(answerAsAsked);
  const folder = await temporaryFolder();
  const cleanUp = async () => {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const config = await writeConfig(folder, configAt(upstream.origin));
    const gateway = await GatewayProcess.start({ ...options, config });
    const close = () => gateway.stop().finally(cleanUp);
    return { upstream, gateway, close };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
