// Translates a LiteLLM `config.yaml` into the data of a configuration file. Pure; never quotes a value that may be secret.

import { MIN_API_KEY_LENGTH } from '../auth/api-keys.ts';
import { baseUrlProblem, isPrivateHost, normalizeBaseUrl } from '../gateway/base-url.ts';
import { type Deployment, type ImportNotes, providersOf, quoted } from './import-deployments.ts';
import {
  type FoundSecret,
  isSendable,
  nameOfVariable,
  type SecretTools,
  secretOf,
} from './import-secrets.ts';
import { ANTHROPIC, LITELLM_VENDORS, OPENAI, type Vendor } from './import-vendors.ts';
import { MISSING } from './problems.ts';
import { PRINTABLE } from './schema.ts';
import { type Block, blockOf, blocksOf, isBlock, numberOf, type Placed, textOf } from './tree.ts';

const CARRIED_SECTIONS = new Set([
  'model_list',
  'router_settings',
  'general_settings',
  'credential_list',
  'environment_variables',
]);
const MASTER_KEY_NAME = 'litellm-master-key';
/** Servers on one's own machine ask for none, but a header needs something. */
const NO_CREDENTIAL = 'none';

/** Data as a configuration file has it; problems and what is left behind go to `notes`. */
export function fromLitellm(data: unknown, tools: SecretTools, notes: ImportNotes): Block {
  if (!isBlock(data) || !Array.isArray(data.model_list)) {
    notes.findings.push({
      path: ['model_list'],
      message: 'is missing: this is no LiteLLM configuration',
      fault: { problem: 'required' },
    });
    return {};
  }
  const known = { ...tools, env: { ...tools.env, ...literalVariables(data) } };
  const deployments = blocksOf(data, 'model_list').flatMap((entry) =>
    deploymentOf(entry, { data, tools: known, notes }),
  );
  warnOfLosses(data, notes);
  return {
    providers: providersOf(deployments, aliasesOf(data, { deployments, notes }), notes),
    ...masterKey(data, { tools: known, notes }),
  };
}

/** LiteLLM sets these itself before it reads the rest. */
function literalVariables(data: Block): Record<string, string> {
  const entries = Object.entries(blockOf(data, 'environment_variables'));
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'string' && !referenceIn(value) ? [[name, value]] : [],
    ),
  );
}

interface Reading {
  data: Block;
  tools: SecretTools;
  notes: ImportNotes;
}

function deploymentOf({ block, path }: Placed, reading: Reading): Deployment[] {
  const { notes } = reading;
  const asked = textOf(block, 'model_name');
  const params = paramsOf(blockOf(block, 'litellm_params'), reading.data);
  const model = textOf(params, 'model');
  const at = [...path, 'litellm_params'];
  if (!asked || !model) {
    notes.findings.push({ path: asked ? [...at, 'model'] : [...path, 'model_name'], message: MISSING });
    return [];
  }
  if (asked.includes('*') || model.includes('*')) {
    notes.warnings.push(`Model ${quoted(asked)}: wildcards are not carried over; name the models`);
    return [];
  }
  const target = targetOf(model, textOf(params, 'custom_llm_provider'));
  if (!target.vendor) {
    // Only what looks like a provider is repeated: a key may have been put in its place.
    const what = isWord(target.prefix) ? `provider ${quoted(target.prefix)}` : 'its provider';
    notes.warnings.push(`Model ${quoted(asked)}: ${what} is not supported; left out`);
    return [];
  }
  const place = { asked, path: at, params, vendor: target.vendor };
  const baseUrl = baseUrlOf(place, reading);
  const credential = credentialOf(place, reading);
  if (baseUrl === null || credential === null) return [];
  return [
    {
      vendor: target.vendor,
      baseUrl,
      credential: credential.value,
      credentialKey: credential.key,
      accountName: credential.variable === null ? null : nameOfVariable(credential.variable),
      weight: weightOf(params),
      isPaused: false,
      models: new Map([[asked, target.upstreamModel]]),
      path,
    },
  ];
}

/** An entry may refer to credentials that are stated once. */
function paramsOf(params: Block, data: Block): Block {
  const name = textOf(params, 'litellm_credential_name');
  const shared = blocksOf(data, 'credential_list').find(
    ({ block }) => textOf(block, 'credential_name') === name,
  );
  return name !== null && shared ? { ...blockOf(shared.block, 'credential_values'), ...params } : params;
}

/** `provider/id`; without a provider LiteLLM knows the model by its name. */
function targetOf(model: string, stated: string | null) {
  const slash = model.indexOf('/');
  const prefix = slash < 0 ? '' : model.slice(0, slash);
  const name = stated ?? (prefix || familyOf(model));
  const vendor = Object.hasOwn(LITELLM_VENDORS, name) ? (LITELLM_VENDORS[name] ?? null) : null;
  const id = prefix !== '' && prefix === name ? model.slice(slash + 1) : model;
  // `openai/responses/gpt-5` asks LiteLLM to call the Responses API, which here the endpoint decides.
  return { vendor, prefix: name, upstreamModel: id.replace(/^responses\//, '') };
}

function familyOf(model: string): string {
  if (/^claude-/.test(model)) return ANTHROPIC.name;
  return /^(gpt-|chatgpt-|o\d|text-embedding-)/.test(model) ? OPENAI.name : model;
}

interface Place {
  asked: string;
  path: readonly (string | number)[];
  params: Block;
  vendor: Vendor;
}

function baseUrlOf({ asked, path, params, vendor }: Place, { tools, notes }: Reading): string | null {
  const key = textOf(params, 'api_base') === null ? 'base_url' : 'api_base';
  const stated = textOf(params, key);
  const variable = stated === null ? null : referenceIn(stated);
  const text = variable === null ? (stated ?? vendor.baseUrl) : (tools.env[variable] ?? null);
  if (text === null) {
    if (variable === null) notes.findings.push({ path: [...path, 'api_base'], message: MISSING });
    else notes.warnings.push(`Model ${quoted(asked)}: ${variable} with its base URL is not set; left out`);
    return null;
  }
  const baseUrl = normalizeBaseUrl(text);
  const problem = baseUrlProblem(baseUrl, { allowPrivateNetwork: true });
  if (problem !== null) {
    notes.findings.push({ path: [...path, key], message: problem });
    return null;
  }
  // A public provider's usual address, however it is spelt.
  return vendor.baseUrl !== null && baseUrl.replace(/\/v1$/, '') === vendor.baseUrl.replace(/\/v1$/, '')
    ? vendor.baseUrl
    : baseUrl;
}

function credentialOf({ path, params, vendor }: Place, { tools, notes }: Reading): FoundSecret | null {
  const stated = textOf(params, 'api_key');
  const variable = stated === null ? vendor.keyVariable : referenceIn(stated);
  const needsNone = stated === null && isLocal(params, vendor) && !tools.env[variable ?? ''];
  if (variable !== null && !needsNone) return secretOf(variable, tools);
  const value = stated ?? (needsNone ? NO_CREDENTIAL : '');
  if (isSendable(value)) return { value, key: value, variable: null };
  const message = value === '' ? MISSING : PRINTABLE;
  notes.findings.push({ path: [...path, 'api_key'], message });
  return null;
}

function isLocal(params: Block, { baseUrl }: Vendor): boolean {
  const url = textOf(params, 'api_base') ?? textOf(params, 'base_url') ?? baseUrl ?? '';
  return isPrivateHost(URL.parse(url)?.hostname ?? '');
}

function referenceIn(text: string): string | null {
  return /^os\.environ\/([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1] ?? null;
}

function weightOf(params: Block): number | null {
  const weight = numberOf(params, 'weight');
  return weight === null ? null : Math.min(1000, Math.max(1, Math.round(weight)));
}

/** Aliases may not be names of models, and only models that are carried over can have any. */
function aliasesOf(
  data: Block,
  { deployments, notes }: { deployments: readonly Deployment[]; notes: ImportNotes },
): Map<string, string[]> {
  const models = new Set(deployments.flatMap((deployment) => [...deployment.models.keys()]));
  const aliases = new Map<string, string[]>();
  const groups = blockOf(blockOf(data, 'router_settings'), 'model_group_alias');
  for (const [alias, target] of Object.entries(groups)) {
    const model = typeof target === 'string' ? target : textOf(target, 'model');
    if (model === null || !models.has(model) || models.has(alias)) {
      notes.warnings.push(
        `Alias ${quoted(alias)} is not carried over: it names no model, or a model has its name`,
      );
    } else aliases.set(model, [...(aliases.get(model) ?? []), alias]);
  }
  return aliases;
}

/** What may call the proxy there may call the gateway here; it opens no admin API. */
function masterKey(data: Block, { tools, notes }: Omit<Reading, 'data'>): Block {
  const stated = textOf(blockOf(data, 'general_settings'), 'master_key');
  if (!stated) return {};
  const variable = referenceIn(stated);
  const key = variable === null ? stated : tools.env[variable];
  if (!key) {
    notes.warnings.push(`general_settings.master_key is not carried over: ${variable} is not set`);
    return {};
  }
  if (key.length < MIN_API_KEY_LENGTH || !isSendable(key)) {
    notes.warnings.push(
      `general_settings.master_key is not carried over: keys here have at least ${MIN_API_KEY_LENGTH} printable characters`,
    );
    return {};
  }
  notes.warnings.push(
    `general_settings.master_key becomes the API key "${MASTER_KEY_NAME}": it calls models, and opens no admin API`,
  );
  return { apiKeys: [{ name: MASTER_KEY_NAME, key }] };
}

function warnOfLosses(data: Block, notes: ImportNotes): void {
  const params = blocksOf(data, 'model_list').map(({ block }) => blockOf(block, 'litellm_params'));
  if (params.some((block) => 'rpm' in block || 'tpm' in block)) {
    notes.warnings.push('rpm and tpm are not carried over: limits are learned from the replies of providers');
  }
  const router = blockOf(data, 'router_settings');
  const settings = blockOf(data, 'litellm_settings');
  const fallbacks = [
    'fallbacks',
    'context_window_fallbacks',
    'content_policy_fallbacks',
    'default_fallbacks',
  ];
  if (fallbacks.some((key) => key in router || key in settings)) {
    notes.warnings.push(
      'Fallbacks to other models are not carried over: a request is tried at every account of its own model',
    );
  }
  const left = Object.keys(data).filter((section) => !CARRIED_SECTIONS.has(section) && isWord(section));
  if (left.length > 0) notes.warnings.push(`Not carried over: ${left.join(', ')}`);
}

function isWord(text: string): boolean {
  return /^[a-z_]{1,40}$/.test(text);
}
