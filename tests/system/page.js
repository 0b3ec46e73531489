// SPDX-License-Identifier: MIT
// Looks at the page of a probe as a browser shows it: node page.js BROWSER FILE. Says "ok" or what is wrong, a line each.
// It speaks the DevTools protocol over a pipe, so that no port and no module is needed.
'use strict';
const { spawn } = require('child_process');
const [browser, file] = process.argv.slice(2);
const wrong = [];

const child = spawn(browser, ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe'],
	{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const waiting = new Map();
let number = 0;
let text = '';

child.stdio[4].on('data', data => {
	const messages = (text + data).split('\0');
	text = messages.pop();
	for (const message of messages.map(m => JSON.parse(m))) {
		const name = message.id || message.method;
		if (waiting.has(name))
			waiting.get(name)(message);
		waiting.delete(name);
	}
});
child.on('error', error => give_up(error.message));
setTimeout(() => give_up('the browser does not answer'), 40000).unref();

function give_up(why) {
	console.log(why);
	child.kill();
	process.exit(1);
}

function heard(name) {
	return new Promise(resolve => waiting.set(name, resolve));
}

async function call(method, params, sessionId) {
	const id = ++number;
	child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
	const answer = await heard(id);
	if (answer.error)
		give_up(method + ': ' + answer.error.message);
	return answer.result;
}

// Played in the page: contrast as WCAG 2 defines it, of every text against what is painted behind it.
function look() {
	const channels = color => color.match(/[\d.]+/g).map(Number);
	const luminance = color => channels(color).slice(0, 3).map(c => c / 255)
		.map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			if ((channels(c)[3] ?? 1) > 0)
				return c;
		}
		return 'rgb(255, 255, 255)';
	};
	const least = {};
	const note = (name, value) => least[name] = Math.min(least[name] ?? 99, value);
	for (const e of document.querySelectorAll('h1,h2,p,small,b,span,a,dt,dd'))
		if (e.textContent.trim())
			note('text ' + e.tagName + '.' + e.className, contrast(luminance(getComputedStyle(e).color), luminance(behind(e))));
	for (const e of document.querySelectorAll('svg text')) {
		const bars = [...e.closest('svg').querySelectorAll('rect')].map(r => [r.getBoundingClientRect(), r]);
		const at = e.getBoundingClientRect();
		const bar = bars.find(([r]) => at.left < r.right && at.right > r.left && at.top < r.bottom - 2 && at.bottom > r.top + 2);
		note('label', contrast(luminance(getComputedStyle(e).fill), luminance(bar ? getComputedStyle(bar[1]).fill : behind(e))));
	}
	for (const e of document.querySelectorAll('svg .seen, svg .bad'))
		note('dot', contrast(luminance(getComputedStyle(e).fill), luminance(behind(e))));
	return {
		width: document.documentElement.scrollWidth,
		wide: [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
			.slice(0, 3).map(e => e.tagName + ' ' + e.textContent.slice(0, 40)),
		background: getComputedStyle(document.body).backgroundColor,
		articles: document.querySelectorAll('article').length,
		ids: new Set([...document.querySelectorAll('article')].map(a => a.id)).size,
		unpictured: [...document.querySelectorAll('article')]
			.filter(a => !a.querySelector('svg') && !a.querySelector('.UNSUPPORTED')).map(a => a.id),
		windows: document.querySelectorAll('svg rect').length,
		dots: document.querySelectorAll('svg circle').length,
		outside: [...document.querySelectorAll('svg text, svg circle')].filter(e => {
			const a = e.getBoundingClientRect(), b = e.closest('svg').getBoundingClientRect();
			return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
		}).slice(0, 3).map(e => e.closest('article').id + ' ' + e.textContent.slice(0, 40)),
		small: Math.min(...[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height)),
		loaded: performance.getEntriesByType('resource').length,
		least,
	};
}

function judge(name, width, seen) {
	const must = (good, what) => good || wrong.push(`${name} at ${width} px: ${what}`);
	must(seen.width <= width, `it is ${seen.width} px wide: ${seen.wide}`);
	must(seen.articles > 0 && seen.articles === seen.ids, `${seen.articles} articles, ${seen.ids} names`);
	must(seen.unpictured.length === 0, `without a picture: ${seen.unpictured}`);
	must(seen.windows > 0 && seen.dots > 0, `${seen.windows} windows and ${seen.dots} dots`);
	must(seen.outside.length === 0, `outside of its picture: ${seen.outside}`);
	must(seen.small >= 9, `a label is ${seen.small} px high`);
	must(seen.loaded === 0, 'it loads something');
	for (const [what, value] of Object.entries(seen.least))
		must(value >= (what === 'dot' ? 3 : 4.5), `the contrast of ${what} is ${value.toFixed(2)}`);
}

async function main() {
	const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
	const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
	await call('Page.enable', {}, sessionId);
	const backgrounds = new Set();
	for (const scheme of ['light', 'dark'])
		for (const width of [360, 1200]) {
			await call('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: width < 500 }, sessionId);
			await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] }, sessionId);
			const loaded = heard('Page.loadEventFired');
			await call('Page.navigate', { url: 'file://' + file }, sessionId);
			await loaded;
			const answer = await call('Runtime.evaluate', { expression: `(${look})()`, returnByValue: true }, sessionId);
			if (answer.exceptionDetails)
				give_up(JSON.stringify(answer.exceptionDetails));
			judge(scheme, width, answer.result.value);
			backgrounds.add(answer.result.value.background);
			if (process.env.PICTURES) {
				const shot = await call('Page.captureScreenshot', {}, sessionId);
				require('fs').writeFileSync(`${process.env.PICTURES}/${scheme}-${width}.png`, Buffer.from(shot.data, 'base64'));
			}
		}
	if (backgrounds.size !== 2)
		wrong.push('light and dark look the same');
	console.log(wrong.length ? wrong.join('\n') : 'ok');
	child.kill();
	process.exit(wrong.length ? 1 : 0);
}

main().catch(error => give_up(error.stack));
