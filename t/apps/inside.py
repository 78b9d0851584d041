# SPDX-License-Identifier: Apache-2.0
"""In the Debian of t/apps/run: applications from its packages, with lines of ours in their .htaccess.

WordPress under php-fpm (event) and again under mod_php (prefork), MediaWiki and phpMyAdmin under
php-fpm, all with a MariaDB. Each line says what was looked at; the last one counts them.
"""
import glob
import os
import subprocess
import time

import mediawiki
import phpmyadmin
import wordpress
from web import Client, check, finish

SITE = """<VirtualHost *:80>
    ServerName %(host)s
    DocumentRoot %(root)s
    <Directory %(root)s>
        AllowOverride All
        Require all granted
    </Directory>
</VirtualHost>
"""
FPM = '<FilesMatch "\\.php$">\n    SetHandler "proxy:unix:%s|fcgi://localhost"\n</FilesMatch>\n'
WP_CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'app'); define('DB_PASSWORD', 'app'); define('DB_HOST', 'localhost');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $k) define($k, 'of a test ' . $k);
define('WP_HOME', 'http://wp.test'); define('WP_SITEURL', 'http://wp.test');
define('FS_METHOD', 'direct'); define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
PMA_CONFIG = """<?php
$cfg['blowfish_secret'] = '0123456789abcdef0123456789abcdef';
$cfg['Servers'][1]['auth_type'] = 'cookie'; $cfg['Servers'][1]['host'] = 'localhost';
$cfg['TempDir'] = '/tmp'; $cfg['CheckConfigurationPermissions'] = false; $cfg['PmaNoRelation_DisableWarning'] = true;
"""


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def stop(service):
    """The status of its init script."""
    return subprocess.run(["service", service, "stop"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def database():
    run("service", "mariadb", "start")
    run("mariadb", input=b"CREATE DATABASE wp; CREATE DATABASE wiki; CREATE USER app@localhost IDENTIFIED BY 'app';"
        b"GRANT ALL ON wp.* TO app@localhost; GRANT ALL ON wiki.* TO app@localhost;")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def applications():
    """Each as a tenant has it who unpacked it into his own space: files of the server's user."""
    for source, to in (("/usr/share/wordpress", wordpress.ROOT), ("/usr/share/mediawiki", mediawiki.ROOT + "/w"),
                       ("/usr/share/phpmyadmin", phpmyadmin.ROOT + "/tool")):
        os.makedirs(os.path.dirname(to), exist_ok=True)
        # a package's link to a file that is made later leads nowhere yet
        run("sh", "-c", 'cp -rL "$0" "$1" || [ -f "$1/index.php" ]', source, to)
    write(wordpress.ROOT + "/wp-config.php", WP_CONFIG)
    write(phpmyadmin.ROOT + "/tool/config.inc.php", PMA_CONFIG)
    for app in (wordpress, mediawiki, phpmyadmin):
        run("chown", "-R", "www-data:", app.ROOT)
        write("/etc/apache2/sites-enabled/%s.conf" % app.HOST, SITE % {"host": app.HOST, "root": app.ROOT})
    os.remove("/etc/apache2/sites-enabled/000-default.conf")
    write("/etc/apache2/conf-enabled/name.conf", "ServerName localhost\n")
    with open("/etc/hosts", "a", encoding="utf-8") as file:
        file.write("127.0.0.1 wp.test wiki.test pma.test\n")


def serve(way):
    """The web server with PHP as `way` says: "php-fpm" under event, "mod_php" under prefork."""
    stop("apache2")
    version = os.path.basename(glob.glob("/etc/php/*")[0])
    module = "php" + version
    if way == "php-fpm":
        run("a2dismod", "-f", "-q", module)
        run("a2dismod", "-f", "-q", "mpm_prefork")
        run("a2enmod", "-q", "mpm_event", "rewrite", "proxy_fcgi")
        os.makedirs("/run/php", exist_ok=True)
        run("service", "php%s-fpm" % version, "start")
        write("/etc/apache2/conf-enabled/fpm.conf", FPM % ("/run/php/php%s-fpm.sock" % version))
    else:
        os.remove("/etc/apache2/conf-enabled/fpm.conf")
        run("a2dismod", "-f", "-q", "mpm_event")
        run("a2enmod", "-q", "mpm_prefork", module)
    run("service", "apache2", "start")
    for _ in range(200):
        try:
            Client(wordpress.HOST).get("/readme.html")
            break
        except OSError:
            time.sleep(0.1)
    shown = subprocess.run(["apache2ctl", "-M"], check=False, capture_output=True, text=True).stdout
    check("%s: the server runs with the module" % way, ("redirect307_module" in shown, ("mpm_event" in shown) == (way == "php-fpm")), (True, True))


def main():
    database()
    applications()
    serve("php-fpm")
    wordpress.run(again=False)
    mediawiki.run()
    phpmyadmin.run()
    serve("mod_php")
    wordpress.run(again=True)
    with open("/var/log/apache2/error.log", encoding="utf-8", errors="replace") as file:
        ours = [line for line in file if "redirect307" in line.lower()]
    check("nothing in the log but notices", [line for line in ours if ":notice]" not in line and ":info]" not in line], [])
    check("the web server stops when it is told to", stop("apache2"), 0)
    stop("mariadb")
    finish()


main()
