# Both machines fetch their package from here, under their own role.

resource "aws_s3_bucket" "packages" {
  bucket_prefix = "vault-log-packages-"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "packages" {
  bucket                  = aws_s3_bucket.packages.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

locals {
  packages_dir = coalesce(var.packages_dir, "${path.module}/../packages")

  # one() fails where there are two versions of a package. Where there is none, the fault of the file
  # that isn't there tells what to do.
  missing = "MISSING, so first: npm run package ${var.architecture == "amd64" ? "x64" : "arm64"}"
  packages = {
    log_server = coalesce(one(fileset(local.packages_dir, "vault-log-handler_*_${var.architecture}.deb")), local.missing)
    vault_node = coalesce(one(fileset(local.packages_dir, "vault-log-forwarder_*_all.deb")), local.missing)
  }
}

resource "aws_s3_object" "package" {
  for_each = local.packages

  bucket = aws_s3_bucket.packages.id
  key    = each.value
  source = "${local.packages_dir}/${each.value}"
  # Else a package that was made anew would not be sent.
  source_hash = filemd5("${local.packages_dir}/${each.value}")
}
