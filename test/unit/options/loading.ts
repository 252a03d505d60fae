/** Owns the arrangement of layers in the tests of `loadOptions`: a folder with files, an environment, flags, code. */
import { isNacosError, type NacosError } from '../../../src/errors.js';
import { loadOptions, type LoadedOptions } from '../../../src/options/load.js';
import { tempFolder } from '../house/temp-folder.js';

export interface Layers {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cli?: Readonly<Record<string, string | readonly string[]>>;
  /** Loosely typed, as plain JavaScript would give it. */
  readonly code?: object;
}

export function load(layers: Layers = {}): LoadedOptions {
  using folder = tempFolder(layers.files ?? {});
  const { env = {}, cli, code } = layers;
  return loadOptions({
    env,
    cwd: folder.path,
    ...(cli === undefined ? {} : { cli }),
    ...(code === undefined ? {} : { code }),
  });
}

/** The error of a load that has to fail. */
export function failure(layers: Layers): NacosError {
  try {
    load(layers);
  } catch (error) {
    if (isNacosError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
