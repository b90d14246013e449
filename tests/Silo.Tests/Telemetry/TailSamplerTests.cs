using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lakala.Silo.Telemetry;
using Lakala.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Lakala.Silo.Tests.Telemetry;

/// <summary>Which traces are kept, and what is held of them until that is decided.</summary>
public sealed class TailSamplerTests
{
    [Theory]
    [InlineData("", "", true, false)]
    [InlineData("", "", false, true)]
    [InlineData("68", "", false, false)]
    [InlineData("91", "", false, false)]
    [InlineData("92", "NOT_SENT", false, false)]
    [InlineData("96", "", false, false)]
    [InlineData("00", "REVERSING", false, false)]
    [InlineData("00", "REVERSED", false, false)]
    public void A_swipe_that_was_slow_failed_or_was_reversed_is_kept_whole(string code, string state, bool isSlow, bool isError)
    {
        using var silo = new TracedSilo();

        using (var root = silo.Start("root"))
        {
            using (var child = silo.Start("child"))
            {
                child.SetTag(Instrumentation.CodeTag, code).SetTag(Instrumentation.StateTag, state);
                child.SetStatus(isError ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
            }

            silo.Start("other child").Dispose();
            Takes(root, isSlow ? 2_001 : 2_000);
        }

        silo.Kept.Should().Equal("child", "other child", "root");
    }

    [Theory]
    [InlineData("00", "APPROVED")]
    [InlineData("51", "DECLINED")]
    [InlineData("55", "DECLINED")]
    [InlineData("40", "REFUSED")]
    [InlineData("25", "VOID")]
    public void A_swipe_that_went_as_it_should_is_dropped(string code, string state)
    {
        using var silo = new TracedSilo();

        using (var root = silo.Start("root"))
        {
            silo.Start("child").Dispose();
            root.SetTag(Instrumentation.CodeTag, code).SetTag(Instrumentation.StateTag, state);
            Takes(root, 2_000);
        }

        silo.Kept.Should().BeEmpty();
    }

    [Fact]
    public void Nothing_leaves_before_the_end_is_known()
    {
        using var silo = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 1 });

        using (silo.Start("root"))
        {
            silo.Start("child").SetStatus(ActivityStatusCode.Error).Dispose();
            silo.Kept.Should().BeEmpty();
        }

        silo.Kept.Should().Equal("child", "root");
    }

    [Fact]
    public void The_share_is_as_large_as_it_is_set_and_all_silos_keep_the_same()
    {
        using var one = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 0.1 });
        using var other = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 0.1 });
        for (var i = 0; i < 10_000; i++)
        {
            var trace = ActivityTraceId.CreateRandom();
            one.Serve(trace.ToHexString(), trace).Dispose();
            other.Serve(trace.ToHexString(), trace).Dispose();
        }

        one.Kept.Should().HaveCountGreaterThan(800).And.HaveCountLessThan(1_200).And.Equal(other.Kept);
    }

    [Fact]
    public void A_part_of_a_trace_is_judged_when_its_own_local_root_ends()
    {
        using var silo = new TracedSilo();
        var trace = ActivityTraceId.CreateRandom();

        silo.Serve("well", trace).Dispose();
        using (silo.Serve("failed", trace))
        {
            silo.Start("its child").SetTag(Instrumentation.CodeTag, "68").Dispose();
        }

        silo.Serve("well again", trace).Dispose();

        silo.Kept.Should().Equal("its child", "failed");
    }

    [Fact]
    public void A_call_between_grains_of_one_silo_is_not_the_end_of_its_trace()
    {
        using var silo = new TracedSilo();

        using (var root = silo.Start("terminal"))
        {
            using (silo.Serve("bill", root.TraceId))
            {
                silo.Start("bank").Dispose();
            }

            silo.Kept.Should().BeEmpty();
            root.SetTag(Instrumentation.CodeTag, "92");
        }

        silo.Kept.Should().Equal("bank", "bill", "terminal");
    }

    [Fact]
    public void What_ends_after_its_trace_was_judged_is_judged_by_itself()
    {
        using var silo = new TracedSilo();
        var root = silo.Start("root");
        var (failed, well) = (silo.Start("failed"), silo.Start("well"));

        root.Dispose();
        failed.SetStatus(ActivityStatusCode.Error).Dispose();
        well.Dispose();

        silo.Kept.Should().Equal("failed");
    }

    [Fact]
    public void Past_the_bound_of_traces_a_local_root_is_judged_alone()
    {
        using var silo = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 0, MaxTraces = 1 });
        using (silo.Start("held"))
        {
            using (var second = silo.Serve("second", ActivityTraceId.CreateRandom()))
            {
                silo.Start("child of the second").Dispose();
                second.SetTag(Instrumentation.CodeTag, "92");
            }

            silo.Serve("third", ActivityTraceId.CreateRandom()).Dispose();
        }

        silo.Kept.Should().Equal("second");
        silo.Cut.Should().Equal("traces", "traces");
    }

    [Fact]
    public void Above_the_bound_of_spans_the_first_and_the_local_root_are_kept_and_the_others_count()
    {
        using var silo = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 0, MaxSpans = 2 });
        using (silo.Start("root"))
        {
            silo.Start("1").Dispose();
            silo.Start("2").Dispose();
            silo.Start("3").Dispose();
            silo.Start("4").SetStatus(ActivityStatusCode.Error).Dispose();
        }

        silo.Kept.Should().Equal("1", "2", "root");
        silo.Cut.Should().Equal("spans");
    }

    [Fact]
    public void A_trace_without_an_end_is_let_through_as_slow_and_no_longer_held()
    {
        using var silo = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 0, MaxTraces = 1 });
        var stuck = silo.Start("stuck");
        silo.Start("its child").Dispose();
        silo.Clock.Advance(TimeSpan.FromMinutes(1));

        using (silo.Serve("next", ActivityTraceId.CreateRandom()))
        {
            silo.Start("held").SetStatus(ActivityStatusCode.Error).Dispose();
        }

        silo.Kept.Should().Equal("its child", "held", "next");
        silo.Cut.Should().Equal("age");
        Takes(stuck, 60_000);
        stuck.Dispose();
        silo.Kept.Should().HaveCount(4).And.EndWith("stuck");
    }

    [Fact]
    public void What_is_not_over_when_the_silo_ends_is_let_through()
    {
        using var silo = new TracedSilo();
        using var root = silo.Start("root");
        silo.Start("child").Dispose();

        silo.End();

        silo.Kept.Should().Equal("child");
    }

    [Fact]
    public void A_request_that_is_not_to_be_traced_takes_no_room()
    {
        using var silo = new TracedSilo(new Silo.Telemetry.TraceOptions { Share = 1, MaxTraces = 1 });
        using var page = silo.Start("page");
        silo.Sampler.Forget(page);

        using (silo.Serve("root", ActivityTraceId.CreateRandom()))
        {
            silo.Start("child").Dispose();
        }

        silo.Kept.Should().Equal("child", "root");
    }

    [Theory]
    [InlineData(-0.1, 2, 60, 1, 1)]
    [InlineData(1.1, 2, 60, 1, 1)]
    [InlineData(double.NaN, 2, 60, 1, 1)]
    [InlineData(0.5, 0, 60, 1, 1)]
    [InlineData(0.5, 60, 60, 1, 1)]
    [InlineData(0.5, 2, 60, 0, 1)]
    [InlineData(0.5, 2, 60, 1, 0)]
    public void Settings_that_cannot_be_are_named(double share, int slow, int held, int traces, int spans)
    {
        var wrong = new Silo.Telemetry.TraceOptions
        {
            Share = share,
            SlowAfter = TimeSpan.FromSeconds(slow),
            LongestHeld = TimeSpan.FromSeconds(held),
            MaxTraces = traces,
            MaxSpans = spans,
        };

        new Silo.Telemetry.TraceOptions.Validator().Validate(null, wrong).FailureMessage.Should().StartWith("Traces");
        new Silo.Telemetry.TraceOptions.Validator().Validate(null, new Silo.Telemetry.TraceOptions()).Should().Be(ValidateOptionsResult.Success);
    }

    [Fact]
    public void A_swipe_has_a_trace_id_only_while_somebody_records_it()
    {
        Instrumentation.TraceId.Should().BeNull();
        using var activity = new Activity("not recorded").Start();
        Instrumentation.TraceId.Should().BeNull();

        activity.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        Instrumentation.TraceId.Should().Be(activity.TraceId.ToHexString());
    }

    private static void Takes(Activity span, int milliseconds) => span.SetEndTime(span.StartTimeUtc + TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>A silo's spans, with an exporter that only records their names.</summary>
    private sealed class TracedSilo : IDisposable
    {
        private readonly ActivitySource _source = new($"{nameof(TailSamplerTests)} {Guid.NewGuid()}");
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        private readonly MeterListener _listener = new();
        private readonly TracerProvider _provider;
        private readonly Memory _memory = new();

        public TracedSilo(Silo.Telemetry.TraceOptions? options = null)
        {
            var meters = _services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Cut.Add((string)tags[0].Value!));
            _listener.Start();
            Sampler = new TailSampler(new SimpleActivityExportProcessor(_memory), options ?? new Silo.Telemetry.TraceOptions { Share = 0 }, meters, Clock);
            _provider = Sdk.CreateTracerProviderBuilder().AddSource(_source.Name).AddProcessor(Sampler).Build();
        }

        public FakeTimeProvider Clock { get; } = new();

        public TailSampler Sampler { get; }

        public List<string> Kept => _memory.Names;

        public List<string> Cut { get; } = [];

        public Activity Start(string name) => _source.StartActivity(name)!;

        /// <summary>As in a call from another silo, or from a grain of this one.</summary>
        public Activity Serve(string name, ActivityTraceId trace) => _source.StartActivity(
            name, ActivityKind.Server, new ActivityContext(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, isRemote: true))!;

        public void End() => _provider.Shutdown();

        public void Dispose()
        {
            _provider.Dispose();
            _listener.Dispose();
            _services.Dispose();
            _source.Dispose();
        }

        private sealed class Memory : BaseExporter<Activity>
        {
            public List<string> Names { get; } = [];

            public override ExportResult Export(in Batch<Activity> batch)
            {
                foreach (var span in batch)
                {
                    Names.Add(span.DisplayName);
                }

                return ExportResult.Success;
            }
        }
    }
}
