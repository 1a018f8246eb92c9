# Calls of AWS under the machine's own role, by curl: Ubuntu 24.04 has no package of AWS's command line.

# metadata PATH: what the instance's metadata service says (IMDSv2)
metadata() {
    local imds=http://169.254.169.254/latest session
    session=$(curl -sSf --retry 10 --retry-connrefused -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$imds/api/token")
    curl -sSf --retry 10 -H "X-aws-ec2-metadata-token: $session" "$imds/meta-data/$1"
}

# aws_call SERVICE CURL-ARGUMENTS: what AWS answers. A new role takes a while until it holds everywhere.
aws_call() {
    local service=$1 role
    shift
    role=$(metadata iam/security-credentials/)
    # The keys go by standard input: every user can read a command line.
    metadata "iam/security-credentials/$role" |
        jq -r '"user = \"\(.AccessKeyId):\(.SecretAccessKey)\"", "header = \"x-amz-security-token: \(.Token)\""' |
        curl -sSf --config - --retry 20 --retry-delay 5 --retry-all-errors --aws-sigv4 "aws:amz:$region:$service" "$@"
}

# get_package: fetches $package from $url, and sees that it is the one that was sent there
get_package() {
    local nothing=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    aws_call s3 -H "x-amz-content-sha256: $nothing" -o "/var/tmp/$package" "$url"
    echo "$sha256  /var/tmp/$package" | sha256sum --check --quiet
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600 "$@"
}
