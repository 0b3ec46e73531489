/* SPDX-License-Identifier: MIT */
/*
 * Which proxy leads to a server: URLs of proxies, options, the environment, and hosts that need none.
 */
#include <mqttwill.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/line.h"
#include "net/net.h"
#include "net/no_proxy.h"
#include "net/proxy.h"
#include "net/service.h"
#include "net/suites.h"
#include "support/alloc.h"

/* ---- URLs ---- */

static const struct {
	const char *text, *host, *port, *user, *password;
	int         scheme;
} good[] = {
	{"http://squid", "squid", "1080", NULL, NULL, URL_HTTP_PROXY},
	{"http://squid:3128/", "squid", "3128", NULL, NULL, URL_HTTP_PROXY},
	{"squid", "squid", "1080", NULL, NULL, URL_HTTP_PROXY},
	{"me:word@squid:3128", "squid", "3128", "me", "word", URL_HTTP_PROXY},
	{"http://me%40home:%3a%2F@[::1]:8", "::1", "8", "me@home", ":/", URL_HTTP_PROXY},
	{"socks5://micro", "micro", "1080", NULL, NULL, URL_SOCKS_PROXY},
	{"socks5h://me@192.0.2.1:9", "192.0.2.1", "9", "me", NULL, URL_SOCKS_PROXY},
};

START_TEST(the_url_of_a_proxy_has_its_parts)
{
	struct url  url;
	size_t      offset;
	const char *problem;
	ck_assert_int_eq(url_parse_proxy(&url, good[_i].text, &offset, &problem), 0);
	ck_assert_int_eq(url.scheme, good[_i].scheme);
	ck_assert_str_eq(url.host, good[_i].host);
	ck_assert_str_eq(url.port, good[_i].port);
	ck_assert_pstr_eq(url.user, good[_i].user);
	ck_assert_pstr_eq(url.password, good[_i].password);
	url_fini(&url);
}
END_TEST

static const struct {
	const char *proxy, *no_proxy, *sentence;
	int         code;
} bad[] = {
	{"https://squid", NULL,
         "option network.proxy: TLS to the proxy is not supported; http:// to it, and mqtts:// through it to the broker, is (byte 0)",
         MQTTWILL_EUNSUPPORTED},
	{"socks4://micro", NULL, "option network.proxy: SOCKS 4 is not supported; socks5:// is (byte 0)", MQTTWILL_EUNSUPPORTED},
	{"socks4a://micro", NULL, "option network.proxy: SOCKS 4 is not supported; socks5:// is (byte 0)", MQTTWILL_EUNSUPPORTED},
	{"socks://micro", NULL, "option network.proxy: write socks5://, which is the version that is spoken (byte 0)", MQTTWILL_EUNSUPPORTED},
	{"mqtt://squid", NULL, "option network.proxy: it begins with none of http://, socks5://, socks5h:// (byte 0)", MQTTWILL_EOPTION},
	{"http://", NULL, "option network.proxy: the host is missing (byte 7)", MQTTWILL_EOPTION},
	{"http://squid:0", NULL, "option network.proxy: the port is not a number from 1 to 65535 (byte 13)", MQTTWILL_EOPTION},
	{"http://squid:3128/path", NULL, "option network.proxy: the URL of a proxy has no path, query or fragment (byte 17)", MQTTWILL_EOPTION},
	{"http://squid?a", NULL, "option network.proxy: the URL of a proxy has no path, query or fragment (byte 12)", MQTTWILL_EOPTION},
	{"http://me:%zz@squid", NULL, "option network.proxy: % is not followed by two hexadecimal digits (byte 10)", MQTTWILL_EOPTION},
	{"http://a b", NULL, "option network.proxy: it has a space or a control character (byte 8)", MQTTWILL_EOPTION},
	{"http://me%3Ayou:word@squid", NULL,
         "option network.proxy: its user has a colon, which Basic authentication [RFC 7617] cannot carry", MQTTWILL_EOPTION},
	{NULL, "a, b/8",
         "option network.no_proxy: in the entry at byte 3: what stands before / is not an IP address", MQTTWILL_EOPTION},
	{NULL, "192.0.2.0/33",
         "option network.no_proxy: in the entry at byte 0: behind / stands no number of bits that the address has", MQTTWILL_EOPTION},
	{NULL, "::/129",
         "option network.no_proxy: in the entry at byte 0: behind / stands no number of bits that the address has", MQTTWILL_EOPTION},
	{NULL, "::/", "option network.no_proxy: in the entry at byte 0: behind / stands no number of bits that the address has",
         MQTTWILL_EOPTION},
	{NULL, "[::1", "option network.no_proxy: in the entry at byte 0: what stands in brackets is not an IPv6 address", MQTTWILL_EOPTION},
	{NULL, "[127.0.0.1]", "option network.no_proxy: in the entry at byte 0: what stands in brackets is not an IPv6 address",
         MQTTWILL_EOPTION},
	{NULL, "[::1]x", "option network.no_proxy: in the entry at byte 0: its port is not a number from 1 to 65535", MQTTWILL_EOPTION},
	{NULL, "a:", "option network.no_proxy: in the entry at byte 0: its port is not a number from 1 to 65535", MQTTWILL_EOPTION},
	{NULL, "a:65536", "option network.no_proxy: in the entry at byte 0: its port is not a number from 1 to 65535", MQTTWILL_EOPTION},
	{NULL, "a b .", "option network.no_proxy: in the entry at byte 4: it has no host", MQTTWILL_EOPTION},
};

START_TEST(what_is_wrong_with_a_proxy_is_told_with_the_option_and_the_byte)
{
	struct mqttwill_network network = {.proxy = bad[_i].proxy, .no_proxy = bad[_i].no_proxy};
	struct net_settings     settings = {.url = "mqtt://broker", .network = &network, .timeout_ms = 1000};
	struct pipe_error       error = {0};
	struct net             *net;
	ck_assert_int_eq(net_new(&net, &settings, &error), bad[_i].code);
	ck_assert_str_eq(error.text, bad[_i].sentence);
	ck_assert_int_eq(error.code, bad[_i].code);
	ck_assert_ptr_null(net);
}
END_TEST

static int new_with(const char *scheme, size_t user, size_t password)
{
	char              text[12000], *to = text + sprintf(text, "%s://", scheme);
	struct pipe_error error;
	struct proxies   *p;
	memset(to, 'u', user);
	to[user] = ':';
	memset(to + user + 1, 'p', password);
	strcpy(to + user + 1 + password, "@host");
	int rc = proxies_new(&p, &(struct mqttwill_network){.proxy = text}, &error);
	proxies_free(p);
	return rc;
}

START_TEST(user_and_password_are_as_long_as_a_proxy_can_be_told)
{
	ck_assert_int_eq(new_with("socks5", 255, 255), 0);
	ck_assert_int_eq(new_with("socks5", 256, 1), MQTTWILL_EOPTION);
	ck_assert_int_eq(new_with("socks5", 1, 256), MQTTWILL_EOPTION);
	ck_assert_int_eq(new_with("http", 4096, 4096), 0);
	ck_assert_int_eq(new_with("http", 4097, 1), MQTTWILL_EOPTION);
	ck_assert_int_eq(new_with("http", 1, 4097), MQTTWILL_EOPTION);
}
END_TEST

/* ---- Hosts without one ---- */

static const struct {
	const char *list, *host, *port;
	bool        has;
} none[] = {
	{NULL, "broker", "1883", false},
	{"", "broker", "1883", false},
	{" , ,", "broker", "1883", false},
	{"*", "broker", "1883", true},
	{"*", "192.0.2.1", "1883", true},
	{"*:8883", "broker", "1883", false},
	{"*:8883", "broker", "8883", true},
	{"localhost", "localhost", "1883", true},
	{"localhost", "LocalHost", "1883", true},
	{"localhost.", "localhost", "1883", true},
	{"localhost", "localhost.", "1883", true},
	{"localhost", "mylocalhost", "1883", false},
	{"example.org", "example.org", "1883", true},
	{"example.org", "a.b.example.org", "1883", true},
	{"example.org", "anexample.org", "1883", false},
	{"example.org", "example.org.uk", "1883", false},
	{".example.org", "a.example.org", "1883", true},
	{".example.org", "example.org", "1883", true},
	{"*.example.org", "a.example.org", "1883", true},
	{"a.example.org", "example.org", "1883", false},
	{"one , two,\tthree four", "two", "1", true},
	{"one , two,\tthree four", "three", "1", true},
	{"one , two,\tthree four", "four", "1", true},
	{"one , two,\tthree four", "five", "1", false},
	{"broker:1883", "broker", "1883", true},
	{"broker:1883", "broker", "1884", false},
	{"broker:01883", "broker", "1883", true},
	{"192.0.2.1", "192.0.2.1", "1", true},
	{"192.0.2.1", "192.0.2.2", "1", false},
	{"::1", "::2", "1", false},
	{"[::1]", "::2", "1", false},
	{"192.0.2.1:7", "192.0.2.1", "7", true},
	{"192.0.2.1:7", "192.0.2.1", "8", false},
	{"192.0.2.1", "1.192.0.2.1", "1", false},
	{"2.1", "192.0.2.1", "1", false}, /* a name has no address below it */
	{"192.0.2.0/24", "192.0.2.255", "1", true},
	{"192.0.2.0/24", "192.0.3.0", "1", false},
	{"192.0.2.0/25", "192.0.2.127", "1", true},
	{"192.0.2.0/25", "192.0.2.128", "1", false},
	{"192.0.2.1/32", "192.0.2.1", "1", true},
	{"192.0.2.1/31", "192.0.2.0", "1", true},
	{"0.0.0.0/0", "198.51.100.1", "1", true},
	{"0.0.0.0/0", "::1", "1", false},
	{"0.0.0.0/0", "broker", "1", false}, /* which is not looked up here */
	{"::1", "::1", "1", true},
	{"[::1]", "::1", "1", true},
	{"[::1]:7", "::1", "7", true},
	{"[::1]:7", "::1", "8", false},
	{"0:0::1", "::1", "1", true},
	{"2001:DB8::/32", "2001:db8:ffff::1", "1", true},
	{"2001:db8::/33", "2001:db8:7fff::1", "1", true},
	{"2001:db8::/33", "2001:db8:8000::1", "1", false},
	{"2001:db8::/32", "2001:db9::1", "1", false},
	{"::/0", "192.0.2.1", "1", false},
	{"fe80::/10", "fe80::1%eth0", "1", true},
	{"bad/8, broker", "broker", "1", true}, /* as in an environment that others share */
	{"a:b:c broker", "broker", "1", true},
};

START_TEST(a_host_is_on_the_list_or_not)
{
	ck_assert_msg(no_proxy_has(none[_i].list, none[_i].host, none[_i].port) == none[_i].has, "%s on %s", none[_i].host, none[_i].list);
}
END_TEST

/* ---- Options and environment ---- */

static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

static void clear_environment(void)
{
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
}

#define ENV MQTTWILL_NET_PROXY_ENV

static const struct choice {
	const char *environment; /* "name=value name=value" */
	uint32_t    flags;
	const char *proxy, *no_proxy;
	const char *server, *chosen; /* the host of the proxy; NULL: none */
} choices[] = {
	{"", 0, NULL, NULL, "mqtt://broker", NULL},
	{"http_proxy=lower all_proxy=all", 0, NULL, NULL, "mqtt://broker", NULL}, /* not asked for */
	{"", 0, "http://option", NULL, "mqtt://broker", "option"},
	{"", 0, "http://option", NULL, "mqtts://broker", "option"},
	{"", 0, "http://option", NULL, "ws://broker", "option"},
	{"", 0, "http://option", NULL, "wss://broker", "option"},
	{"", 0, "http://option", NULL, "unix:///run/broker", NULL},
	{"", 0, "http://option", "broker", "mqtt://broker", NULL},
	{"", 0, "http://option", "other", "mqtt://broker", "option"},
	{"", 0, "", NULL, "mqtt://broker", NULL},
	{"http_proxy=lower", ENV, NULL, NULL, "mqtt://broker", "lower"},
	{"http_proxy=lower", ENV, NULL, NULL, "ws://broker", "lower"},
	{"http_proxy=lower", ENV, NULL, NULL, "mqtts://broker", NULL},
	{"HTTP_PROXY=upper", ENV, NULL, NULL, "mqtt://broker", NULL},
	{"https_proxy=lower HTTPS_PROXY=upper", ENV, NULL, NULL, "mqtts://broker", "lower"},
	{"HTTPS_PROXY=upper http_proxy=other", ENV, NULL, NULL, "wss://broker", "upper"},
	{"HTTPS_PROXY=upper", ENV, NULL, NULL, "mqtt://broker", NULL},
	{"all_proxy=lower ALL_PROXY=upper", ENV, NULL, NULL, "mqtt://broker", "lower"},
	{"ALL_PROXY=upper", ENV, NULL, NULL, "mqtt://broker", "upper"},
	{"ALL_PROXY=upper", ENV, NULL, NULL, "mqtts://broker", "upper"},
	{"http_proxy=http all_proxy=all", ENV, NULL, NULL, "mqtt://broker", "http"},
	{"https_proxy=https all_proxy=all", ENV, NULL, NULL, "mqtt://broker", "all"},
	{"http_proxy= all_proxy=all", ENV, NULL, NULL, "mqtt://broker", NULL}, /* set, and to nothing */
	{"all_proxy=all", ENV, "http://option", NULL, "mqtt://broker", "option"},
	{"all_proxy=all", ENV, "", NULL, "mqtt://broker", NULL},
	{"all_proxy=all no_proxy=broker", ENV, NULL, NULL, "mqtt://broker", NULL},
	{"all_proxy=all NO_PROXY=broker", ENV, NULL, NULL, "mqtt://broker", NULL},
	{"all_proxy=all no_proxy=other NO_PROXY=broker", ENV, NULL, NULL, "mqtt://broker", "all"},
	{"all_proxy=all no_proxy=bad/8,broker", ENV, NULL, NULL, "mqtt://broker", NULL},
	{"no_proxy=broker", ENV, "http://option", NULL, "mqtt://broker", NULL},
	{"no_proxy=broker", 0, "http://option", NULL, "mqtt://broker", "option"},
	{"no_proxy=broker", ENV, "http://option", "other", "mqtt://broker", "option"},
	{"no_proxy=broker", ENV, "http://option", "", "mqtt://broker", "option"},
	{"no_proxy=broker:8883 all_proxy=all", ENV, NULL, NULL, "mqtt://broker", "all"},
	{"no_proxy=broker:8883 all_proxy=all", ENV, NULL, NULL, "mqtts://broker", NULL},
	{"all_proxy=socks5h://all:9", ENV, NULL, NULL, "unix:///run/broker", NULL},
};

static void set_environment(const char *words)
{
	char copy[200];
	clear_environment();
	for (char *w = strtok(strcpy(copy, words), " "); w; w = strtok(NULL, " ")) {
		char *value = strchr(w, '=');
		*value++ = 0;
		setenv(w, value, 1);
	}
}

START_TEST(options_beat_the_environment_and_the_environment_is_as_curl_has_it)
{
	const struct choice    *c = &choices[_i];
	struct mqttwill_network network = {.flags = c->flags, .proxy = c->proxy, .no_proxy = c->no_proxy};
	struct pipe_error       error = {0};
	struct proxies         *p;
	struct url              to;
	size_t                  offset;
	const char             *problem;
	set_environment(c->environment);
	ck_assert_msg(proxies_new(&p, &network, &error) == 0, "%s", error.text);
	clear_environment(); /* it was read once */
	ck_assert_int_eq(url_parse(&to, c->server, &offset, &problem), 0);
	const struct url *by = proxies_for(p, &to);
	ck_assert_pstr_eq(by ? by->host : NULL, c->chosen);
	url_fini(&to);
	proxies_free(p);
}
END_TEST

static int a_dial(void *user, const char *host, const char *port)
{
	(void)user;
	(void)host;
	(void)port;
	return -1;
}

START_TEST(who_goes_another_way_needs_none_of_the_environments)
{
	struct mqttwill_network network = {.flags = ENV, .dial_fn = a_dial};
	struct pipe_error       error = {0};
	struct proxies         *p;
	set_environment("all_proxy=all");
	ck_assert_int_eq(proxies_new(&p, &network, &error), 0);
	ck_assert_ptr_null(p);
	clear_environment();
}
END_TEST

START_TEST(a_bad_proxy_in_the_environment_is_told_with_its_variable)
{
	struct mqttwill_network network = {.flags = ENV};
	struct pipe_error       error = {0};
	struct proxies         *p;
	set_environment("ALL_PROXY=http://all:x");
	ck_assert_int_eq(proxies_new(&p, &network, &error), MQTTWILL_EOPTION);
	ck_assert_str_eq(error.text, "environment: ALL_PROXY: the port is not a number from 1 to 65535 (byte 11)");
	ck_assert_ptr_null(p);
	set_environment("https_proxy=https://all");
	ck_assert_int_eq(proxies_new(&p, &network, &error), MQTTWILL_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "environment: https_proxy: TLS to the proxy is not supported"));
	clear_environment();
}
END_TEST

START_TEST(where_there_is_no_memory_for_proxies_nothing_is_left)
{
	struct mqttwill_network network = {.flags = ENV, .no_proxy = "other"};
	struct pipe_error       error = {0};
	struct proxies         *p;
	set_environment("https_proxy=me:word@one http_proxy=me:word@two");
	for (long n = 1;; n++) {
		alloc_fail(n);
		int  rc = proxies_new(&p, &network, &error);
		bool failed = alloc_stop();
		ck_assert_int_eq(rc, failed ? MQTTWILL_ENOMEM : 0);
		ck_assert(!failed == !!p);
		if (!failed)
			break;
	}
	proxies_free(p);
	clear_environment();
}
END_TEST

/* ---- The whole stack ---- */

static _Atomic int asked_for_broker, asked_for_proxy;

static int a_lookup(void *user, const char *host, struct mqttwill_address *addresses, int most)
{
	(void)user;
	(void)most;
	asked_for_broker += strcmp(host, "broker") == 0;
	asked_for_proxy += strcmp(host, "squid") == 0;
	strcpy(addresses[0].text, "127.0.0.1");
	return 1;
}

static void open_to(struct line *l, const struct mqttwill_network *network, const char *url)
{
	struct net_settings settings = {.url = url, .network = network, .timeout_ms = 1000};
	struct net         *net;
	char                said[200] = "";
	struct pipe_facts   facts;
	ck_assert_msg(net_new(&net, &settings, &l->error) == 0, "%s", l->error.text);
	l->pipe = net_pipe(net, net_server(net, 0), &l->error);
	ck_assert_ptr_nonnull(l->pipe);
	while (l->peer < 0) {
		ck_assert_msg(l->pipe->ops->open(l->pipe, 5000) == PIPE_WAIT, "%s", l->error.text);
		struct pollfd p[] = {{.fd = l->pipe->fd, .events = POLLIN | POLLOUT}, {.fd = l->listener, .events = POLLIN}};
		ck_assert_int_gt(poll(p, 2, LINE_PATIENCE_MS), 0);
		if (p[1].revents)
			line_accept(l);
	}
	while (l->pipe->phase != MQTTWILL_PHASE_PROXY)
		ck_assert_int_eq(l->pipe->ops->open(l->pipe, 5000), PIPE_WAIT);
	ck_assert_uint_eq(l->pipe->deadline, 5000 + 300); /* proxy_timeout_ms */
	ck_assert_int_gt(read(l->peer, said, sizeof said - 1), 0);
	ck_assert_str_eq(said, "CONNECT broker:1883 HTTP/1.1\r\nHost: broker:1883\r\n\r\n");
	ck_assert_int_eq(write(l->peer, "HTTP/1.1 200\r\n\r\n", 16), 16);
	ck_assert_int_eq(line_open(l), 0);
	pipe_describe(l->pipe, &facts);
	ck_assert(facts.by_proxy);
	pipe_close(l->pipe, false);
	l->pipe = NULL;
	net_free(net);
}

START_TEST(with_a_proxy_only_its_own_name_is_looked_up)
{
	struct line             l;
	char                    proxy[40];
	struct mqttwill_network network = {.proxy = proxy, .resolve_fn = a_lookup, .proxy_timeout_ms = 300};
	network.flags = service_supported() ? (uint32_t)MQTTWILL_NET_SRV : 0;
	asked_for_broker = asked_for_proxy = 0;
	ck_assert(line_listen(&l, AF_INET, 4));
	sprintf(proxy, "http://squid:%s", l.port);
	open_to(&l, &network, "mqtt://broker");
	ck_assert_int_eq(asked_for_proxy, 1);
	ck_assert_int_eq(asked_for_broker, 0);
	line_close(&l);
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

Suite *proxies_suite(void)
{
	Suite *s = suite_create("proxies");
	TCase *t = tcase_create("proxies");
	tcase_add_loop_test(t, the_url_of_a_proxy_has_its_parts, 0, COUNT(good));
	tcase_add_loop_test(t, what_is_wrong_with_a_proxy_is_told_with_the_option_and_the_byte, 0, COUNT(bad));
	tcase_add_test(t, user_and_password_are_as_long_as_a_proxy_can_be_told);
	tcase_add_loop_test(t, a_host_is_on_the_list_or_not, 0, COUNT(none));
	tcase_add_loop_test(t, options_beat_the_environment_and_the_environment_is_as_curl_has_it, 0, COUNT(choices));
	tcase_add_test(t, who_goes_another_way_needs_none_of_the_environments);
	tcase_add_test(t, a_bad_proxy_in_the_environment_is_told_with_its_variable);
	tcase_add_test(t, with_a_proxy_only_its_own_name_is_looked_up);
	tcase_add_test(t, where_there_is_no_memory_for_proxies_nothing_is_left);
	suite_add_tcase(s, t);
	return s;
}
