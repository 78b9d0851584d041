# SPDX-License-Identifier: Apache-2.0
# With the module puppetlabs-apache: the package of ./setup deb, and a virtual host with rules.
class { 'apache':
  default_vhost => false,
}

apache::mod { 'redirect307':
  package => 'libapache2-mod-redirect307',
}

apache::vhost { 'www.example.com':
  port            => 80,
  docroot         => '/var/www/html',
  directories     => [{
    path                => '/var/www/html',
    allow_override      => ['Nonfatal=All'],
    allow_override_list => ['Redirect307', 'Redirect307Match', 'Redirect307Map', 'Redirect307Maintenance'],
  }],
  custom_fragment => 'Redirect307 /shop /winter-shop until=2026-12-26',
}
