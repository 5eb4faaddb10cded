/** The words of other tools (Compose, process-compose, pm2, a Procfile) for the keys of the contract. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  workspace: ['name', 'project'],
  services: ['apps', 'processes', 'procs', 'programs'],
  command: ['cmd', 'exec', 'script', 'entrypoint', 'shell', 'run'],
  dir: ['cwd', 'working_dir', 'workingDirectory', 'workdir', 'directory', 'folder', 'path'],
  env: ['environment', 'variables', 'vars'],
  envFile: ['env_file', 'envFiles', 'dotenv'],
  ports: ['port', 'expose'],
  consumes: ['depends_on', 'dependsOn', 'depends', 'needs', 'requires', 'links'],
  ready: ['healthcheck', 'health', 'readiness', 'readiness_probe', 'probe'],
  replicas: ['scale', 'instances'],
  restart: ['autorestart', 'availability'],
  stop: ['shutdown', 'stop_signal', 'stop_grace_period'],
};

/** Finds the key that is meant by the word of another tool, where the keys that are known here have one. Pure. */
export const translate = (word: string, known: readonly string[]): string | undefined =>
  known.find((key) => OTHER_WORDS[key]?.includes(word) === true);
