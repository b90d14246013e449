using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Lakala.Local;
using Lakala.Silo.Gateway;
using Lakala.Silo.Web;
using YamlDotNet.RepresentationModel;

namespace Lakala.Deploy.Tests;

/// <summary>Compares the files of <c>deploy</c> with each other and with the silo, without a cluster.</summary>
public sealed partial class DeployTests
{
    // The longest stop of a silo.
    private const int DrainSeconds = 45;

    private const string SiloLabel = "app.kubernetes.io/name: lakala-silo";

    private static readonly string Folder = Path.Combine(Repository.Root, "deploy");

    private static readonly YamlMappingNode[] Manifests = [.. KubernetesFiles().Where(file => Path.GetFileName(file) != "kustomization.yaml").SelectMany(Documents)];

    private static YamlMappingNode Deployment => Of("Deployment").Single();

    private static YamlMappingNode Pod => At(Deployment, "spec.template");

    private static YamlMappingNode Container => Nodes(Pod, "spec.containers").Single();

    public static TheoryData<string> YamlFiles =>
        [.. KubernetesFiles().Append(Path.Combine(Folder, "postgresql", "patroni.yml")).Select(file => Path.GetRelativePath(Folder, file))];

    public static TheoryData<string> SettingFiles => ["systemd/silo.env.example", "kubernetes/silo.env"];

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Yaml_is_whole(string file) => Documents(Path.Combine(Folder, file)).Should().NotBeEmpty();

    [Theory]
    [MemberData(nameof(SettingFiles))]
    public void Every_setting_in_an_example_is_one_of_the_silo_and_has_a_value_it_takes(string file)
    {
        var settings = Settings(file, commentedToo: true);

        settings.Should().HaveCountGreaterThan(15);
        foreach (var (name, value) in settings.Where(setting => setting.Name.Contains("__") && setting.Name != "ConnectionStrings__Lakala"))
        {
            var property = OptionsOfTheSilo().SingleOrDefault(option => option.Name == name).Property;
            property.Should().NotBeNull($"{name} is in {file}");
            FluentActions.Invoking(() => TypeDescriptor.GetConverter(property!.PropertyType).ConvertFromInvariantString(value))
                .Should().NotThrow($"{file} says {name}={value}");
        }
    }

    [Theory]
    [MemberData(nameof(SettingFiles))]
    public void An_example_sets_all_that_a_cluster_must_have(string file)
    {
        var names = Settings(file, commentedToo: false).Select(setting => setting.Name)
            .Concat(file.StartsWith("kubernetes", StringComparison.Ordinal) ? Nodes(Container, "env").Select(env => Text(env, "name")) : []);

        names.Should().OnlyHaveUniqueItems().And.Contain(
        [
            "ConnectionStrings__Lakala", "Cluster__Membership", "Cluster__Id", "Cluster__Address", "Cluster__SiloPort", "Cluster__Certificate",
            "Cluster__CertificateKey", "Cluster__Ca", "TerminalGateway__Address", "TerminalGateway__Certificate", "TerminalGateway__CertificateKey",
            "Http__Address", "Http__PublicUrl", "BankLink__Host", "BankLink__Port", "BankLink__Ca", "BankLink__ZoneMasterKeyFile",
            "Keys__KeyEncryptionKeyFile", "Management__Port",
        ]);
    }

    [Fact]
    public void Variables_of_the_pod_are_settings_too() =>
        Nodes(Container, "env").Select(env => Text(env, "name")).Where(name => name != "ConnectionStrings__Lakala")
            .Should().BeSubsetOf(OptionsOfTheSilo().Select(option => option.Name));

    [Fact]
    public void Every_selector_matches_the_silos()
    {
        var labels = Labels(At(Pod, "metadata.labels"));
        labels.Should().Contain(SiloLabel);
        var selectors = Of("Service").Select(service => At(service, "spec.selector"))
            .Append(At(Deployment, "spec.selector.matchLabels"))
            .Append(At(Of("PodDisruptionBudget").Single(), "spec.selector.matchLabels"))
            .Append(At(Of("NetworkPolicy").Single(), "spec.podSelector.matchLabels"))
            .Concat(Nodes(Pod, "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution").Select(rule => At(rule, "labelSelector.matchLabels")))
            .Concat(Nodes(Pod, "spec.topologySpreadConstraints").Select(rule => At(rule, "labelSelector.matchLabels")))
            .Select(Labels)
            .ToList();

        selectors.Should().HaveCount(7).And.OnlyContain(selector => selector.Length > 0 && selector.All(labels.Contains));
    }

    [Fact]
    public void Ports_have_one_number_from_the_setting_to_the_service()
    {
        var settings = Settings("kubernetes/silo.env", commentedToo: false).ToDictionary(setting => setting.Name, setting => setting.Value);
        var ports = Nodes(Container, "ports").ToDictionary(port => Text(port, "name"), port => Text(port, "containerPort"));

        ports["terminals"].Should().Be(settings["TerminalGateway__Port"]);
        ports["http"].Should().Be(settings["Http__Port"]);
        ports["silo"].Should().Be(settings["Cluster__SiloPort"]);
        var named = Of("Service").SelectMany(service => Nodes(service, "spec.ports")).Select(port => Text(port, "targetPort"))
            .Concat(Probes().Select(probe => Text(probe, "httpGet.port")))
            .Concat(Rules("ingress").SelectMany(rule => Nodes(rule, "ports")).Select(port => Text(port, "port")))
            .ToList();
        named.Should().HaveCount(8).And.BeSubsetOf(ports.Keys);
        Rules("egress").SelectMany(rule => Nodes(rule, "ports")).Select(port => Text(port, "port"))
            .Should().BeEquivalentTo(settings["Cluster__SiloPort"], "53", "53", "5432", settings["BankLink__Port"], "443");
    }

    [Fact]
    public void Only_a_silo_speaks_to_a_silo()
    {
        foreach (var rule in Rules("ingress").Concat(Rules("egress")).Where(rule => Nodes(rule, "ports").Any(port => Text(port, "port") is "silo" or "11111")))
        {
            var peers = Nodes(rule, rule.Children.ContainsKey("from") ? "from" : "to").ToList();
            peers.Should().ContainSingle();
            Labels(At(peers[0], "podSelector.matchLabels")).Should().Equal(SiloLabel);
        }

        Strings(Of("NetworkPolicy").Single(), "spec.policyTypes").Should().Equal("Ingress", "Egress");
        Rules("ingress").Where(rule => !rule.Children.ContainsKey("from")).Should().ContainSingle()
            .Which.Should().Match<YamlMappingNode>(rule => Text(Nodes(rule, "ports").Single(), "port") == "terminals", "only terminals come from anywhere");
    }

    [Fact]
    public void Probes_ask_what_the_silo_answers()
    {
        var answered = Sources().SelectMany(source => MappedPath().Matches(source)).Select(match => match.Groups[1].Value).ToHashSet();

        Probes().Should().HaveCount(3);
        Probes().Select(probe => Text(probe, "httpGet.path")).Should().BeSubsetOf(answered);
        Text(Container, "livenessProbe.httpGet.path").Should().Be("/livez", "a silo is not killed because the bank is away");
        Text(Container, "startupProbe.httpGet.path").Should().Be("/healthz");
    }

    [Fact]
    public void A_silo_has_the_time_to_drain()
    {
        var preStop = Number(Container, "lifecycle.preStop.sleep.seconds");

        Number(Pod, "spec.terminationGracePeriodSeconds").Should().BeGreaterThan(preStop + DrainSeconds);
        preStop.Should().BeGreaterThan(Number(Container, "readinessProbe.periodSeconds"));
        UnitSeconds("TimeoutStopSec").Should().BeGreaterThan(DrainSeconds);
    }

    [Fact]
    public void One_silo_of_three_is_away_at_a_time()
    {
        Number(Deployment, "spec.replicas").Should().BeGreaterThanOrEqualTo(3);
        Number(Deployment, "spec.strategy.rollingUpdate.maxUnavailable").Should().Be(1);
        var budget = At(Of("PodDisruptionBudget").Single(), "spec");
        Number(budget, "maxUnavailable").Should().Be(1);
        budget.Children.Should().NotContainKey("minAvailable");
    }

    [Fact]
    public void Secrets_are_named_and_never_written()
    {
        Of("Secret").Should().BeEmpty();
        At(Nodes(Container, "env").Single(env => Text(env, "name") == "ConnectionStrings__Lakala"), "valueFrom.secretKeyRef").Should().NotBeNull();
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/Local/")))
        {
            var text = File.ReadAllText(file);
            Secret().Matches(text).Select(match => match.Value).Should().BeEmpty(file);
            text.Should().NotContain("PRIVATE KEY").And.NotMatchRegex("[0-9a-f]{64}");
        }

        var made = SecretMade().Matches(File.ReadAllText(Path.Combine(Folder, "kubernetes", "secrets.md"))).Select(match => match.Groups[1].Value);
        Volumes().Where(volume => volume.Children.ContainsKey("secret")).Select(volume => Text(volume, "secret.secretName")).Append("lakala-database")
            .Should().BeEquivalentTo(made);
    }

    [Fact]
    public void Every_file_that_a_setting_names_is_mounted()
    {
        var mounts = Nodes(Container, "volumeMounts").Select(mount => Text(mount, "mountPath")).ToList();
        var named = Settings("kubernetes/silo.env", commentedToo: false).Where(setting => setting.Value.StartsWith('/')).ToList();

        named.Should().HaveCount(8);
        named.Should().OnlyContain(setting => mounts.Any(mount => setting.Value.StartsWith(mount + "/")));
        var mounted = Containers().SelectMany(container => Nodes(container, "volumeMounts")).Select(mount => Text(mount, "name")).Distinct();
        Volumes().Select(volume => Text(volume, "name")).Should().BeEquivalentTo(mounted);
        Nodes(Container, "volumeMounts").Should().OnlyContain(mount => Text(mount, "readOnly") == "true");
    }

    // A file of a secret volume can be read by its group; a key file must not.
    [Fact]
    public void Key_files_are_copied_into_memory_for_the_silo_alone()
    {
        var files = Settings("kubernetes/silo.env", commentedToo: false).Where(setting => setting.Name.EndsWith("KeyFile")).Select(setting => setting.Value).ToList();
        var copying = Nodes(Pod, "spec.initContainers").Single();
        var keys = Nodes(copying, "volumeMounts").Single(mount => Text(mount, "name") == "keys");

        files.Should().HaveCount(2).And.OnlyContain(file => file.StartsWith(Text(keys, "mountPath") + "/") && file.EndsWith(".key"));
        Text(Volumes().Single(volume => Text(volume, "name") == "keys"), "emptyDir.medium").Should().Be("Memory");
        Strings(copying, "command")[^1].Should().StartWith("umask 077 && cp ").And.EndWith($" {Text(keys, "mountPath")}/");
    }

    [Fact]
    public void Pods_have_no_rights_that_they_do_not_need()
    {
        var pod = At(Pod, "spec.securityContext");
        Text(pod, "runAsNonRoot").Should().Be("true");
        Text(pod, "seccompProfile.type").Should().Be("RuntimeDefault");
        Text(Pod, "spec.automountServiceAccountToken").Should().Be("false");
        foreach (var own in Containers().Select(container => At(container, "securityContext")))
        {
            Text(own, "allowPrivilegeEscalation").Should().Be("false");
            Text(own, "readOnlyRootFilesystem").Should().Be("true");
            Strings(own, "capabilities.drop").Should().Equal("ALL");
        }

        ContainerfileLine("USER").Should().Be($"{Text(pod, "runAsUser")}:{Text(pod, "runAsGroup")}");
    }

    [Fact]
    public void Kustomize_lists_every_manifest()
    {
        var kustomization = Documents(Path.Combine(Folder, "kubernetes", "kustomization.yaml")).Single();

        Strings(kustomization, "resources").Append("kustomization.yaml").Should().BeEquivalentTo(KubernetesFiles().Select(Path.GetFileName));
        Text(Nodes(Container, "envFrom").Single(), "configMapRef.name").Should().Be(Text(Nodes(kustomization, "configMapGenerator").Single(), "name"));
        Strings(Nodes(kustomization, "configMapGenerator").Single(), "envs").Should().Equal("silo.env");
        Text(Nodes(kustomization, "images").Single(), "name").Should().Be(Text(Container, "image"));
        Text(kustomization, "namespace").Should().Be(Text(Of("Namespace").Single(), "metadata.name"));
    }

    [Fact]
    public void The_image_is_made_of_what_the_silo_needs_and_runs_on_its_framework()
    {
        var framework = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("TargetFramework").Single().Value;
        var version = framework["net".Length..];
        var copied = Containerfile().Where(line => line.StartsWith("COPY ") && !line.Contains("--from"))
            .SelectMany(line => line.Split(' ')[1..^1]).ToList();
        var ignored = File.ReadAllLines(Path.Combine(Repository.Root, ".containerignore"));

        Containerfile().Where(line => line.StartsWith("FROM ")).Should().HaveCount(2).And.OnlyContain(line => line.Contains($":{version}-"));
        copied.Where(name => Directory.Exists(Path.Combine(Repository.Root, name))).Should().BeEquivalentTo(ProjectsOf("Silo"));
        copied.Should().Contain(["global.json", "Directory.Build.props", "Directory.Packages.props"]);
        ignored.Where(line => line.StartsWith('!')).Select(line => line[1..]).Should().BeEquivalentTo(copied);
        ignored.Should().Contain("*");
        ContainerfileLine("ENTRYPOINT").Should().Be("""["/app/Lakala.Silo"]""");
        ContainerfileLine("EXPOSE").Split(' ').Should().BeEquivalentTo(Nodes(Container, "ports").Select(port => Text(port, "containerPort")));
    }

    [Fact]
    public void The_unit_starts_the_silo_again_and_gives_it_nothing_it_does_not_need()
    {
        var unit = Unit();

        unit["Restart"].Should().Be("always");
        unit["StartLimitIntervalSec"].Should().Be("0");
        unit["KillSignal"].Should().Be("SIGTERM");
        unit["ExecStart"].Should().EndWith("/Lakala.Silo");
        unit["NoNewPrivileges"].Should().Be("yes");
        unit["ProtectSystem"].Should().Be("strict");
        unit["LimitCORE"].Should().Be("0");
        unit["MemorySwapMax"].Should().Be("0");
        unit["CapabilityBoundingSet"].Should().BeEmpty();
        int.Parse(unit["LimitNOFILE"], CultureInfo.InvariantCulture).Should().BeGreaterThan(new TerminalGatewayOptions().MaxConnections);
    }

    [Theory]
    [InlineData("systemd/lakala-silo.service")]
    [InlineData("postgresql/lakala-backup.service")]
    [InlineData("postgresql/lakala-backup.timer")]
    public async Task Systemd_takes_the_units(string file)
    {
        const string Analyze = "/usr/bin/systemd-analyze";
        Assert.SkipUnless(File.Exists(Analyze), "systemd is not installed");
        var folder = Directory.CreateTempSubdirectory("lakala-units").FullName;
        foreach (var unit in Directory.EnumerateFiles(Path.GetDirectoryName(Path.Combine(Folder, file))!, "lakala-*"))
        {
            // The programs themselves are not on this machine.
            File.WriteAllText(Path.Combine(folder, Path.GetFileName(unit)), ExecStart().Replace(File.ReadAllText(unit), "ExecStart=/bin/true"));
        }

        var verdict = await Tool.Run([Analyze, "verify", "--man=no", Path.Combine(folder, Path.GetFileName(file))], cancel: TestContext.Current.CancellationToken);

        Directory.Delete(folder, recursive: true);
        verdict.Should().Match<ToolResult>(result => result.ExitCode == 0 && result.Error.Length == 0);
    }

    [Fact]
    public void PostgreSQL_acknowledges_nothing_that_is_not_on_two_machines()
    {
        var patroni = Patroni();
        var cluster = At(patroni, "bootstrap.dcs");
        var parameters = At(cluster, "postgresql.parameters");

        Text(cluster, "synchronous_mode").Should().Be("true");
        Text(cluster, "synchronous_mode_strict").Should().Be("true");
        Number(cluster, "synchronous_node_count").Should().BeGreaterThanOrEqualTo(1);
        foreach (var setting in new[] { "synchronous_commit", "fsync", "full_page_writes", "archive_mode", "ssl" })
        {
            Text(parameters, setting).Should().Be("on", setting);
        }

        parameters.Children.Keys.Select(key => key.ToString()).Should().NotContain("synchronous_standby_names", "Patroni sets it");
        At(patroni, "bootstrap").Children["initdb"].As<YamlSequenceNode>().Select(node => node.ToString()).Should().Contain("data-checksums");
        Number(cluster, "ttl").Should().BeGreaterThanOrEqualTo(Number(cluster, "loop_wait") + 2 * Number(cluster, "retry_timeout"));
    }

    [Fact]
    public void PostgreSQL_lets_nobody_in_without_TLS_and_a_password()
    {
        var rules = Strings(Patroni(), "postgresql.pg_hba");

        rules[0].Should().Be("local all postgres peer");
        rules[^1].Should().Be("host all all all reject");
        rules.Skip(1).SkipLast(1).Should().NotBeEmpty().And.OnlyContain(rule => rule.StartsWith("hostssl ") && rule.EndsWith(" scram-sha-256"));
    }

    [Fact]
    public void Patroni_and_pgBackRest_speak_of_the_same_stanza_and_folder()
    {
        var patroni = Patroni();
        var backup = File.ReadAllLines(Path.Combine(Folder, "postgresql", "pgbackrest.conf"));
        var archive = Text(patroni, "bootstrap.dcs.postgresql.parameters.archive_command");

        archive.Should().Be("pgbackrest --stanza=lakala archive-push %p");
        backup.Should().Contain("[lakala]").And.Contain($"pg1-path={Text(patroni, "postgresql.data_dir")}");
        Unit("postgresql/lakala-backup.service")["ExecStart"].Should().Contain("--stanza=lakala");
    }

    private static IEnumerable<string> KubernetesFiles() => Directory.EnumerateFiles(Path.Combine(Folder, "kubernetes"), "*.yaml").Order();

    private static IEnumerable<YamlMappingNode> Documents(string file)
    {
        var stream = new YamlStream();
        using var reader = File.OpenText(file);
        stream.Load(reader);
        return stream.Documents.Select(document => (YamlMappingNode)document.RootNode);
    }

    private static YamlMappingNode Patroni() => Documents(Path.Combine(Folder, "postgresql", "patroni.yml")).Single();

    private static IEnumerable<YamlMappingNode> Of(string kind) => Manifests.Where(manifest => Text(manifest, "kind") == kind);

    private static IEnumerable<YamlMappingNode> Rules(string way) => Nodes(Of("NetworkPolicy").Single(), "spec." + way);

    private static IEnumerable<YamlMappingNode> Volumes() => Nodes(Pod, "spec.volumes");

    private static IEnumerable<YamlMappingNode> Containers() => Nodes(Pod, "spec.containers").Concat(Nodes(Pod, "spec.initContainers"));

    private static YamlMappingNode[] Probes() => [At(Container, "startupProbe"), At(Container, "livenessProbe"), At(Container, "readinessProbe")];

    private static YamlNode Node(YamlNode from, string path) => path.Split('.').Aggregate(
        from, (node, name) => ((YamlMappingNode)node).Children.TryGetValue(name, out var child) ? child : throw new KeyNotFoundException($"There is no {path}."));

    private static YamlMappingNode At(YamlNode from, string path) => (YamlMappingNode)Node(from, path);

    private static string Text(YamlNode from, string path) => ((YamlScalarNode)Node(from, path)).Value!;

    private static int Number(YamlNode from, string path) => int.Parse(Text(from, path), CultureInfo.InvariantCulture);

    private static IEnumerable<YamlMappingNode> Nodes(YamlNode from, string path) => ((YamlSequenceNode)Node(from, path)).Cast<YamlMappingNode>();

    private static string[] Strings(YamlNode from, string path) => [.. ((YamlSequenceNode)Node(from, path)).Select(node => ((YamlScalarNode)node).Value!)];

    private static string[] Labels(YamlMappingNode labels) => [.. labels.Children.Select(label => $"{label.Key}: {label.Value}")];

    private static IEnumerable<(string Name, string Value)> Settings(string file, bool commentedToo) =>
        File.ReadLines(Path.Combine(Folder, file))
            .Select(line => Setting().Match(line))
            .Where(match => match.Success && (commentedToo || !match.Value.StartsWith('#')))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value.Trim('"')));

    /// <summary>The options in the silo's sources: the section from the call, the keys from the type.</summary>
    private static IEnumerable<(string Name, PropertyInfo Property)> OptionsOfTheSilo()
    {
        var types = new[] { typeof(HttpOptions).Assembly, typeof(Grains.Terminals.TerminalQuotaOptions).Assembly, typeof(Storage.Swipes.SwipeOptions).Assembly }.SelectMany(assembly => assembly.GetTypes()).ToList();
        foreach (Match bound in Sources().SelectMany(source => Binding().Matches(source)))
        {
            var type = types.Single(type => type.Name == bound.Groups[1].Value);
            foreach (var property in type.GetProperties().Where(property => property.CanWrite))
            {
                yield return ($"{bound.Groups[2].Value}__{property.Name}", property);
            }
        }
    }

    [Fact]
    public void Every_picture_of_the_docs_is_there_and_is_shown()
    {
        var docs = Path.Combine(Repository.Root, "docs");
        var shown = Directory.EnumerateFiles(docs, "*.md").SelectMany(page => Shown().Matches(File.ReadAllText(page))).Select(match => match.Groups[1].Value);

        shown.Distinct().Should().BeEquivalentTo(Directory.EnumerateFiles(Path.Combine(docs, "images")).Select(Path.GetFileName));
    }

    [GeneratedRegex(@"\]\(images/([^)]+)\)")]
    private static partial Regex Shown();

    [Fact]
    public void Operations_has_one_table_of_every_setting_of_the_silo()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));
        var table = text[text.IndexOf("\n## Settings\n", StringComparison.Ordinal)..text.IndexOf("\n## Secret files\n", StringComparison.Ordinal)];
        var keys = new List<string>();
        foreach (var row in table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)))
        {
            var section = "";
            foreach (Match name in Quoted().Matches(row.Split('|')[1]))
            {
                var key = name.Groups[1].Value;
                section = key[0] == ':' ? section : key.Split(':')[0];
                keys.Add(key[0] == ':' ? section + key : key);
            }
        }

        keys.Should().OnlyHaveUniqueItems();
        keys.Where(key => key.Contains(':', StringComparison.Ordinal)).Should().BeEquivalentTo(
            OptionsOfTheSilo().Select(option => option.Name.Replace("__", ":", StringComparison.Ordinal))
                .Concat(Sources().SelectMany(source => ReadByName().Matches(source)).Select(match => match.Groups[1].Value))
                .Append("ConnectionStrings:Lakala").Distinct());
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    // Settings that are read without an options class.
    [GeneratedRegex("""(?:onfiguration\.GetValue<\w+>\(|onfiguration\[|const string \w+ = )"([A-Z]\w*:\w+)""")]
    private static partial Regex ReadByName();

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "Silo"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);

    private static IEnumerable<string> ProjectsOf(string project) =>
        XDocument.Load(Path.Combine(Repository.Root, project, project + ".csproj")).Descendants("ProjectReference")
            .SelectMany(reference => ProjectsOf(Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)))
            .Append(project)
            .Distinct();

    private static string[] Containerfile() => File.ReadAllLines(Path.Combine(Folder, "container", "Containerfile"));

    private static string ContainerfileLine(string instruction) => Containerfile().Single(line => line.StartsWith(instruction + " "))[(instruction.Length + 1)..];

    private static Dictionary<string, string> Unit(string file = "systemd/lakala-silo.service") =>
        File.ReadLines(Path.Combine(Folder, file))
            .Where(line => !line.StartsWith('#') && line.Contains('='))
            .GroupBy(line => line[..line.IndexOf('=')])
            .ToDictionary(lines => lines.Key, lines => string.Join(' ', lines.Select(line => line[(lines.Key.Length + 1)..])));

    private static int UnitSeconds(string key) => int.Parse(Unit()[key].TrimEnd('s'), CultureInfo.InvariantCulture);

    [GeneratedRegex("""^(?:# )?([A-Za-z][A-Za-z_]*[A-Za-z0-9])=(.*)$""")]
    private static partial Regex Setting();

    [GeneratedRegex("""(?:Bind|AddOptions)<(\w+)>\((?:\)\.BindConfiguration\()?"(\w+)"\)""")]
    private static partial Regex Binding();

    [GeneratedRegex("""\.Map\w*\("(/[^"]+)""")]
    private static partial Regex MappedPath();

    [GeneratedRegex("(?i)password=[^;\"'\\s.]+")]
    private static partial Regex Secret();

    [GeneratedRegex("create secret \\w+ ([\\w-]+)")]
    private static partial Regex SecretMade();

    [GeneratedRegex("ExecStart=.*")]
    private static partial Regex ExecStart();
}
