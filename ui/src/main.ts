// Starts the panel.

import './theme.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startLanguage } from './lib/i18n.svelte.ts';

const target = document.querySelector('#app');
if (!target) throw new Error('Cannot start the panel: #app is missing from the page');
await startLanguage();
mount(App, { target });
