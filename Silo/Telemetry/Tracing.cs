using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lakala.Grains.Notices;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lakala.Silo.Telemetry;

/// <summary>Exports metrics at /metrics; and to a collector metrics, logs and the kept traces.</summary>
internal static class Tracing
{
    private static readonly string[] CollectorSettings =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    // Spans are made only for a collector: OTEL_EXPORTER_OTLP_ENDPOINT is the only switch.
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging.AddConsoleFormatter<LogLine, ConsoleFormatterOptions>();
        var isTraced = builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        if (PlainCollector(name => builder.Configuration[name]) is { } plain)
        {
            throw new InvalidOperationException($"{plain} is http to another machine: traces and logs name terminals, stores and orders. Use https.");
        }

        var telemetry = builder.Services.AddOpenTelemetry().WithMetrics(metrics =>
        {
            metrics.AddMeter(Instrumentation.Name, "Npgsql").AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
            metrics.AddView(Durations.Buckets);
            if (isTraced)
            {
                metrics.SetExemplarFilter(ExemplarFilterType.TraceBased).AddOtlpExporter();
            }
        });
        if (!isTraced)
        {
            return;
        }

        builder.UseOrleans(silo => silo.AddActivityPropagation());
        builder.Services.AddSingleton(NewSampler);
        builder.Services.AddOptions<AspNetCoreTraceInstrumentationOptions>().Configure<TailSampler>(LeaveOutBillPages);
        telemetry
            .WithTracing(traces => traces.AddSource(Instrumentation.Name, "Microsoft.Orleans.Application")
                .AddAspNetCoreInstrumentation()
                .AddProcessor(provider => provider.GetRequiredService<TailSampler>()))
            // Without scopes, as on the console.
            .WithLogging(logs => logs.AddOtlpExporter(), logging => logging.IncludeFormattedMessage = true);
    }

    /// <returns>The variable that would send telemetry to another machine in the clear; null when there is none.</returns>
    internal static string? PlainCollector(Func<string, string?> setting) =>
        CollectorSettings.FirstOrDefault(name => Uri.TryCreate(setting(name), UriKind.Absolute, out var address) && ThisMachine.IsPlainElsewhere(address));

    // The exporter as AddOtlpExporter would make it, with the sampler before it.
    private static TailSampler NewSampler(IServiceProvider services)
    {
        var batches = services.GetRequiredService<IOptions<BatchExportActivityProcessorOptions>>().Value;
        return new TailSampler(
            new BatchActivityExportProcessor(
                new OtlpTraceExporter(services.GetRequiredService<IOptions<OtlpExporterOptions>>().Value),
                batches.MaxQueueSize,
                batches.ScheduledDelayMilliseconds,
                batches.ExporterTimeoutMilliseconds,
                batches.MaxExportBatchSize),
            services.GetRequiredService<IOptions<TraceOptions>>().Value,
            services.GetRequiredService<IMeterFactory>(),
            services.GetRequiredService<TimeProvider>());
    }

    // The address of a bill page is a secret.
    private static void LeaveOutBillPages(AspNetCoreTraceInstrumentationOptions http, TailSampler sampler) => http.Filter = context =>
    {
        var isPage = context.Request.Path.StartsWithSegments(BillPageAddress.Root);
        if (isPage && Activity.Current is { } request)
        {
            sampler.Forget(request);
        }

        return !isPage;
    };
}
