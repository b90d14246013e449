using Lakala.Silo.Hosting;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops;

/// <summary>The operators' side of a silo.</summary>
public sealed class OpsOptions
{
    /// <summary>How often alarms are looked at, and each silo reports how it is.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether administrators find the Orleans dashboard under <c>/ops/orleans</c>. It looks at every call of a grain, which costs.</summary>
    public bool OrleansDashboard { get; set; }

    /// <summary>Where alarms are posted to. Empty: nowhere.</summary>
    public string AlarmUrl { get; set; } = "";

    /// <summary>An owner-only file with the 32 bytes in hex with which they are signed.</summary>
    public string AlarmSecretFile { get; set; } = "";

    /// <summary>Where alarms say the runbook is; a section's name is added. Empty: this instance's own, under <c>/ops/runbook</c>.</summary>
    public string RunbookUrl { get; set; } = "";

    public sealed class Validator : IValidateOptions<OpsOptions>
    {
        private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100), Most = TimeSpan.FromSeconds(30);

        public ValidateOptionsResult Validate(string? name, OpsOptions options) =>
            options.Interval < Least || options.Interval > Most ? ValidateOptionsResult.Fail($"Ops:Interval is from {Least} to {Most}, not {options.Interval}.")
            : options.AlarmUrl.Length > 0 && !IsHttp(options.AlarmUrl) ? ValidateOptionsResult.Fail("Ops:AlarmUrl is an http or https address.")
            : options.AlarmUrl.Length > 0 && ThisMachine.IsPlainElsewhere(new Uri(options.AlarmUrl))
                ? ValidateOptionsResult.Fail("Ops:AlarmUrl is http to another machine: alarms name terminals and stores. Say https.")
            : options.RunbookUrl.Length > 0 && !IsHttp(options.RunbookUrl) ? ValidateOptionsResult.Fail("Ops:RunbookUrl is an http or https address.")
            : options.AlarmUrl.Length > 0 != options.AlarmSecretFile.Length > 0
                ? ValidateOptionsResult.Fail("Ops:AlarmUrl and Ops:AlarmSecretFile come together.")
            : ValidateOptionsResult.Success;

        private static bool IsHttp(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
    }
}
