// Builds the panel into ui/dist: external scripts and styles only, as the strict content security policy wants.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';
import { findDocuments, manifestOf, type SourceFile, withoutTexts } from './documents.ts';

const SOURCES = join(import.meta.dirname, 'src');

/** The built panel names its documents; their texts go into a file for the server. The development server changes nothing. */
function persistedDocuments(): Plugin {
  const documents = findDocuments(sourceFiles());
  return {
    name: 'persisted-documents',
    apply: 'build',
    enforce: 'pre',
    transform(text, id) {
      const path = sourcePath(id);
      return documents.some((document) => document.path === path)
        ? { code: withoutTexts({ path, text }, documents), map: null }
        : undefined;
    },
    generateBundle() {
      const source = JSON.stringify(manifestOf(documents), null, 1);
      this.emitFile({ type: 'asset', fileName: 'documents.json', source });
    },
  };
}

function sourceFiles(): SourceFile[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|svelte)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(SOURCES, name))
    .map((file) => ({ path: sourcePath(file), text: readFileSync(file, 'utf8') }));
}

function sourcePath(file: string): string {
  return relative(SOURCES, file.split('?')[0] ?? file)
    .split(sep)
    .join('/');
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [persistedDocuments(), svelte(), tailwindcss()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The polyfill is inline script; every browser that runs the panel preloads modules by itself.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { '/graphql': 'http://127.0.0.1:8787' } },
});
