/* SPDX-License-Identifier: Apache-2.0
 * check_redact.c - what a finding never says, and what it must not keep to itself.
 */
#include "tests/unit/said.h"
#include "tests/unit/suite.h"

/* ---- what is never shown ---- */

static const struct secret_case { /* the values hold "hunter2" */
	const char *why, *resource, *kind, *old, *new;
} secrets[] = {
	{ "data of a Secret", "secrets", "Secret", "{\"data\":{\"a\":\"hunter2\"}}",
	  "{\"data\":{}}" },
	{ "stringData of a Secret", "secrets", "Secret", "{}",
	  "{\"stringData\":{\"a\":\"hunter2\"}}" },
	{ "a Secret's last-applied", "secrets", "Secret", "{\"metadata\":{}}",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"hunter2\"}}}" },
	{ "an env entry called TOKEN", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"TOKEN\",\"value\":\"hunter2\"}]}",
	  "{\"env\":[{\"name\":\"TOKEN\",\"value\":\"hunter22\"}]}" },
	{ "an env entry in small letters", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"db-passwd\",\"value\":\"hunter2\"}]}",
	  "{\"env\":[{\"name\":\"db-passwd\"}]}" },
	{ "env by index, the old name", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"TOKEN\",\"value\":\"hunter2\"}]}",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"3\"}]}" },
	{ "env by index, the new name", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"hunter2\"}]}",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"TOKEN\",\"value\":\"3\"}]}" },
	{ "an env entry of many words", "deployments", "Deployment", "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"A_B_C_D_E_F_G_H_I_J_K_L_M_N_O_P_Q_KEY_\",\"value\":\"hunter2\"}]}" },
	{ "an env entry that is new", "deployments", "Deployment", "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"a\"},{\"name\":\"API_KEY\",\"value\":\"hunter2\"}]}" },
	{ "the first env entry", "deployments", "Deployment", "{}",
	  "{\"env\":[{\"name\":\"OAUTH_AUTH\",\"value\":\"hunter2\"}]}" },
	{ "env by index: the second of a name", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"TOKEN\",\"value\":\"1\"},{\"name\":\"TOKEN\",\"value\":\"2\"}]}",
	  "{\"env\":[{\"name\":\"TOKEN\",\"value\":\"1\"},{\"name\":\"TOKEN\",\"value\":"
	  "\"hunter2\"}]}" },
	{ "a container added whole", "deployments", "Deployment",
	  "{\"spec\":{\"containers\":[{\"name\":\"a\"}]}}",
	  "{\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\",\"env\":[{\"value\":"
	  "\"hunter2\","
	  "\"name\":\"MY_SECRET\"}]}]}}" },
	{ "a header", "deployments", "Deployment", "{}",
	  "{\"httpGet\":{\"httpHeaders\":[{\"name\":\"Authorization\",\"value\":\"hunter2\"}]}}" },
	{ "an argument that names it", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"--token=hunter2\"]}" },
	{ "an argument behind its name", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"--client-secret\",\"hunter2\"]}" },
	{ "a key of a ConfigMap", "configmaps", "ConfigMap", "{\"data\":{}}",
	  "{\"data\":{\"tls.key\":\"hunter2\"}}" },
	{ "an annotation", "deployments", "Deployment", "{\"metadata\":{}}",
	  "{\"metadata\":{\"annotations\":{\"example.com/auth-token\":\"hunter2\"}}}" },
	{ "a field of an API", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"clientSecret\":\"hunter2\"}}" },
	{ "within a field of an API", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"credentials\":{\"value\":\"hunter2\"}}}" },
	{ "below a field of an API", "deployments", "Deployment",
	  "{\"spec\":{\"credentials\":{\"value\":\"a\"}}}",
	  "{\"spec\":{\"credentials\":{\"value\":\"hunter2\"}}}" },
	{ "within a field of two words", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"encryptionKey\":{\"value\":\"hunter2\"}}}" },
	{ "a field of two words that holds it", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"encryptionKey\":\"hunter2\"}}" },
	{ "such a field that changes", "deployments", "Deployment", "{\"spec\":{\"apiKey\":\"a\"}}",
	  "{\"spec\":{\"apiKey\":\"hunter2\"}}" },
	{ "such a field that is taken away", "deployments", "Deployment",
	  "{\"spec\":{\"private_key\":\"hunter2\"}}", "{\"spec\":{}}" },
	{ "a list of such", "deployments", "Deployment", "{\"spec\":{\"apiKeys\":[\"a\"]}}",
	  "{\"spec\":{\"apiKeys\":[\"a\",\"hunter2\"]}}" },
	{ "a list of tokens", "deployments", "Deployment", "{\"spec\":{\"authTokens\":[\"a\"]}}",
	  "{\"spec\":{\"authTokens\":[\"hunter2\"]}}" },
	{ "a new list of passwords", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"passwords\":[\"hunter2\"]}}" },
	{ "a name within what a user calls a token", "deployments", "Deployment",
	  "{\"options\":{\"token\":{\"name\":\"a\"}}}",
	  "{\"options\":{\"token\":{\"name\":\"hunter2\"}}}" },
	{ "an object that is no longer one", "deployments", "Deployment",
	  "{\"spec\":{\"clientSecret\":{\"name\":\"a\"}}}",
	  "{\"spec\":{\"clientSecret\":\"hunter2\"}}" },
	{ "text that names it", "configmaps", "ConfigMap", "{\"data\":{\"a\":\"\"}}",
	  "{\"data\":{\"a\":\"user: x\\npassword: hunter2\\n\"}}" },
	{ "JSON in a text", "configmaps", "ConfigMap", "{\"data\":{\"a\":\"\"}}",
	  "{\"data\":{\"a\":\"{\\\"token\\\": \\\"hunter2\\\"}\"}}" },
	{ "a URL with a password", "deployments", "Deployment", "{\"args\":[]}",
	  "{\"args\":[\"https://me:hunter2@example.com/\"]}" },
	{ "an image's URL with a password", "deployments", "Deployment", "{\"image\":\"a\"}",
	  "{\"image\":\"https://me:hunter2@example.com/a\"}" },
	{ "a flag of a script, and its value", "deployments", "Deployment", "{\"args\":[]}",
	  "{\"args\":[\"set -e; login --user me --password hunter2\"]}" },
	{ "an env entry called PGPASS", "deployments", "Deployment", "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"PGPASS\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called DBPWD", "deployments", "Deployment", "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"DBPWD\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called SMTPPASS", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"SMTPPASS\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called REDISPASS", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"REDISPASS\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called accesskey", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"accesskey\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called STORAGEKEY", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"STORAGEKEY\",\"value\":\"hunter2\"}]}" },
	{ "an env entry called MYSQL_PWD", "deployments", "Deployment",
	  "{\"env\":[{\"name\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"MYSQL_PWD\",\"value\":\"hunter2\"}]}" },
	{ "curl's user", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -s -u admin:hunter2 https://x.example/\"]}" },
	{ "curl's user, quoted", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -u 'admin:hunter2' https://x.example/\"]}" },
	{ "curl's user, glued", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -uadmin:hunter2 https://x.example/\"]}" },
	{ "curl's user by its long name", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl --user admin:hunter2 x\"]}" },
	{ "curl's user with a sign", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl --user=admin:hunter2 x\"]}" },
	{ "curl's user, whose password is a number", "deployments", "Deployment",
	  "{\"args\":[\"-c\",\"x\"]}", "{\"args\":[\"-c\",\"curl -u admin:7331 x\"]}" },
	{ "curl's user, who is a number", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -u 1000:hunter2 x\"]}" },
	{ "curl's proxy", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"/usr/bin/curl -U proxy:hunter2 x\"]}" },
	{ "mysql's, glued", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"mysqladmin -uroot -phunter2 ping\"]}" },
	{ "mysql's, of digits and a name", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"mysql -h db -p12hunter2 -e 'select 1'\"]}" },
	{ "mysqldump behind another command", "deployments", "Deployment",
	  "{\"args\":[\"-c\",\"x\"]}", "{\"args\":[\"-c\",\"sleep 1; mysqldump -phunter2 all\"]}" },
	{ "sshpass", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"sshpass -p hunter2 ssh x\"]}" },
	{ "redis", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"redis-cli -a hunter2 ping\"]}" },
	{ "redis behind a semicolon", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"sleep 1; redis-cli -a hunter2 ping\"]}" },
	{ "behind a bar", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"echo x | redis-cli -a hunter2 ping\"]}" },
	{ "behind two signs", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"true && redis-cli -a hunter2 ping\"]}" },
	{ "in a group", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"( redis-cli -a hunter2 ping )\"]}" },
	{ "in braces", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"x() { redis-cli -a hunter2 ping; }\"]}" },
	{ "ldap", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"ldapsearch -D cn=x -w hunter2\"]}" },
	{ "smb", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"smbclient //x/y -U me%hunter2\"]}" },
	{ "sqlcmd", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"sqlcmd -S db -U sa -Phunter2\"]}" },
	{ "--pass", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"redis-cli --pass hunter2 ping\"]}" },
	{ "an assignment before a command", "deployments", "Deployment",
	  "{\"args\":[\"-c\",\"x\"]}", "{\"args\":[\"-c\",\"PGPASS=hunter2 psql\"]}" },
	{ "another one", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"export MYSQL_PWD=hunter2\\nmysql\"]}" },
	{ "docker login", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"docker login -u me -p hunter2 x.example\"]}" },
	{ "a token's header", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -H 'Authorization: Bearer hunter2' x\"]}" },
	{ "in a shell of a shell", "deployments", "Deployment", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"sh -c \\\"curl -u admin:hunter2 x\\\"\"]}" },
	{ "mysql's, as a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"mysql\",\"-uroot\",\"-phunter2\"]}" },
	{ "curl's, as a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"curl\",\"-u\",\"admin:hunter2\"]}" },
	{ "its long name, as a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"curl\",\"--user\",\"admin:hunter2\"]}" },
	{ "--password in a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"--password\",\"hunter2\"]}" },
	{ "--pass in a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"--pass\",\"hunter2\"]}" },
	{ "-p in a list", "deployments", "Deployment", "{\"args\":[\"-v\"]}",
	  "{\"args\":[\"login\",\"-p\",\"hunter2\"]}" },
	{ "a hook's command", "deployments", "Deployment", "{}",
	  "{\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"mysql\",\"-phunter2\"]}}}}" },
	{ "options of a flexVolume", "deployments", "Deployment", "{\"volumes\":[]}",
	  "{\"volumes\":[{\"name\":\"v\",\"flexVolume\":{\"driver\":\"x\",\"options\":{\"accesskey\":\"hunter2\"}}}]}" },
	{ "attributes of a CSI volume", "deployments", "Deployment", "{}",
	  "{\"csi\":{\"volumeAttributes\":{\"storageAccountKey\":\"hunter2\"}}}" },
	{ "parameters of a storage class", "storageclasses", "StorageClass", "{\"parameters\":{}}",
	  "{\"parameters\":{\"restuserkey\":\"hunter2\"}}" },
	{ "mount options", "deployments", "Deployment", "{\"spec\":{\"mountOptions\":[\"a\"]}}",
	  "{\"spec\":{\"mountOptions\":[\"username=me\",\"pass=hunter2\"]}}" },
	{ "a field in one word", "deployments", "Deployment", "{\"spec\":{}}",
	  "{\"spec\":{\"clientsecret\":\"hunter2\",\"accesskey\":\"hunter2\"}}" },
	{ "a registry's log-in", "configmaps", "ConfigMap", "{\"data\":{\"a\":\"\"}}",
	  "{\"data\":{\"a\":\"{\\\"auths\\\":{\\\"x\\\":{\\\"auth\\\":\\\"hunter2\\\"}}}\"}}" },
	{ "a registry's log-in by its key", "configmaps", "ConfigMap", "{\"data\":{}}",
	  "{\"data\":{\".dockercfg\":\"hunter2\"}}" },
	{ "a connection string", "deployments", "Deployment", "{}",
	  "{\"env\":[{\"name\":\"CONNECTION_STRING\",\"value\":\"hunter2\"}]}" },
	{ "a private key", "configmaps", "ConfigMap", "{\"data\":{\"a\":\"\"}}",
	  "{\"data\":{\"a\":\"-----BEGIN EC PRIVATE KEY-----\\nhunter2\"}}" },
	{ "an argument's value with a credential", "deployments", "Deployment",
	  "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}}}",
	  "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"a\":\"password=hunter2\"}}}}}" },
};
#define SECRETS_N (sizeof secrets / sizeof *secrets)

START_TEST(finding_hides)
{
	const struct secret_case *c = &secrets[_i];
	struct said s = { .resource = c->resource,
			  .kind = c->kind,
			  .name = "x",
			  .old = c->old,
			  .new = c->new,
			  .rule.tier = TIER_UNSUPPORTED };
	struct finding f = say(&s);
	struct str got = all_of(&f);

	ck_assert_uint_ge(f.changes_n, 1);
	ck_assert_msg(!memmem(got.s, got.n, "hunter2", 7), "%s:\n%.*s", c->why, STR_ARG(got));
	ck_assert_msg(memmem(got.s, got.n, NOT_SHOWN, sizeof NOT_SHOWN - 1) != NULL, "%s:\n%.*s",
		      c->why, STR_ARG(got));
}
END_TEST

static const struct open_case { /* the values hold "seen", which is to be shown */
	const char *why, *old, *new;
} open_cases[] = {
	{ "the numbers of a user and a group", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"docker run --user 1000:1000 seen\"]}" },
	{ "an ordinary env entry", "{\"env\":[{\"name\":\"LEVEL\",\"value\":\"a\"}]}",
	  "{\"env\":[{\"name\":\"LEVEL\",\"value\":\"seen\"}]}" },
	{ "env by index, an ordinary name",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"2\"}]}",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"seen\"}]}" },
	{ "a reference to a Secret", "{}",
	  "{\"secretKeyRef\":{\"name\":\"seen\",\"key\":\"password\"}}" },
	{ "another key of it", "{\"secretKeyRef\":{\"name\":\"a\",\"key\":\"b\"}}",
	  "{\"secretKeyRef\":{\"name\":\"a\",\"key\":\"seen\"}}" },
	{ "which key of what is called a secret", "{\"clientSecret\":{\"key\":\"b\"}}",
	  "{\"clientSecret\":{\"key\":\"seen\"}}" },
	{ "Secrets by their names", "{\"imagePullSecrets\":[{\"name\":\"a\"}]}",
	  "{\"imagePullSecrets\":[{\"name\":\"seen\"}]}" },
	{ "the Secret of a volume",
	  "{\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"a\"}}]}",
	  "{\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"seen\"}}]}" },
	{ "the tag of an image called like one", "{\"image\":\"x/vault-token:1\"}",
	  "{\"image\":\"x/vault-token:seen\"}" },
	{ "a flag behind one that only looks so", "{\"args\":[\"a\"]}",
	  "{\"args\":[\"run --token --seen\"]}" },
	{ "a toleration's value", "{\"tolerations\":[{\"key\":\"a\",\"value\":\"b\"}]}",
	  "{\"tolerations\":[{\"key\":\"a\",\"value\":\"seen\"}]}" },
	{ "a role's resources", "{\"resources\":[\"a\"]}",
	  "{\"resources\":[\"secrets\",\"seen\"]}" },
	{ "in a script: a port", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"nc -p 8080 seen\"]}" },
	{ "in a script: a folder is made", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"mkdir -p /var/seen\"]}" },
	{ "in a script: a user without a password", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"psql -U seen -p 5432 db\"]}" },
	{ "in a script: a user and a group", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"chown -R 1000:1000 /seen\"]}" },
	{ "in a script: su", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"su -u 1000:1000 seen\"]}" },
	{ "in a script: a variable", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"curl -u admin:$PASSWORD seen\"]}" },
	{ "in a script: a flag of one word", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"coredns -port 53 -conf seen\"]}" },
	{ "in a script: a profile", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"agent -profile seen\"]}" },
	{ "in a script: a proxy mode", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"kube-proxy --proxy-mode=seen\"]}" },
	{ "in a script: no command", "{\"args\":[\"-c\",\"x\"]}",
	  "{\"args\":[\"-c\",\"a-b seen: c\"]}" },
	{ "arguments of CoreDNS", "{\"args\":[\"-conf\",\"a\"]}",
	  "{\"args\":[\"-conf\",\"/etc/coredns/seen\"]}" },
	{ "a port in a list", "{\"args\":[\"a\"]}", "{\"args\":[\"-p\",\"80\",\"seen\"]}" },
	{ "signs behind the host of a URL", "{\"args\":[\"a\"]}",
	  "{\"args\":[\"https://x.example/seen:a@b\"]}" },
	{ "behind its end", "{\"args\":[\"a\"]}", "{\"args\":[\"https://x.example seen:a@b\"]}" },
	{ "behind its quote", "{\"args\":[\"a\"]}",
	  "{\"args\":[\"\\\"https://x.example\\\" seen:a@b\"]}" },
	{ "a path in a list", "{\"args\":[\"a\"]}", "{\"args\":[\"-p\",\"/tmp/x\",\"seen\"]}" },
	{ "a topology key", "{\"topologyKey\":\"a\"}", "{\"topologyKey\":\"seen\"}" },
	{ "a domain is no name", "{\"metadata\":{}}",
	  "{\"metadata\":{\"annotations\":{\"rbac.authorization.kubernetes.io/"
	  "autoupdate\":\"seen\"}}}" },
};
#define OPEN_N (sizeof open_cases / sizeof *open_cases)

START_TEST(finding_shows)
{
	struct said s = { .resource = "deployments",
			  .kind = "Deployment",
			  .name = "x",
			  .old = open_cases[_i].old,
			  .new = open_cases[_i].new,
			  .rule.tier = TIER_BEST_EFFORT };
	struct finding f = say(&s);
	struct str got = all_of(&f);

	ck_assert_msg(memmem(got.s, got.n, "seen", 4) != NULL, "%s:\n%.*s", open_cases[_i].why,
		      STR_ARG(got));
}
END_TEST

/* "true" under such a name tells nothing, and a reader wants to know. */
START_TEST(flags_are_shown)
{
	struct said s = {
		.resource = "serviceaccounts",
		.kind = "ServiceAccount",
		.name = "x",
		.rule.tier = TIER_BEST_EFFORT,
		.old = "{\"automountServiceAccountToken\":true,\"metadata\":{}}",
		.new = "{\"automountServiceAccountToken\":false,\"metadata\":{\"annotations\":"
		       "{\"kubernetes.io/enforce-mountable-secrets\":\"true\"}}}"
	};
	struct finding f = say(&s);

	ck_assert_uint_eq(f.changes_n, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert(!str_is(f.changes[i].to, NOT_SHOWN));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("redact");
	TCase *tc = tcase_create("redact");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, finding_hides, 0, SECRETS_N);
	tcase_add_loop_test(tc, finding_shows, 0, OPEN_N);
	tcase_add_test(tc, flags_are_shown);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
