using Lakala.Terminal.Client.Setup;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests;

/// <summary>Sign-ins while the server cannot be reached: bounded in time and in wrong passwords, also after changes of files or clock.</summary>
public sealed class ClerkMemoryTests : IDisposable
{
    private static readonly ClerkIdentity Anna = new("1001", "Anna", false);
    private static readonly TimeSpan Good = TimeSpan.FromHours(12);

    private readonly TestFolder _home = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 28, 8, 0, 0, TimeSpan.Zero));

    private string File => _home.At("clerks.json");

    public void Dispose() => _home.Dispose();

    [Fact]
    public void After_five_wrong_passwords_only_the_server_accepts_the_right_one_also_after_restarts()
    {
        Open().Remember(Anna, "right");
        for (var wrong = 0; wrong < ClerkMemory.MostWrong; wrong++)
        {
            Open().Verify("1001", "wrong").Should().Be((null, false));
        }

        Open().Verify("1001", "wrong").Should().Be((null, true));
        Open().Verify("1001", "right").Should().Be((null, true));
        System.IO.File.ReadAllText(File).Should().NotContain("pbkdf2", "what nobody may use is not worth keeping");

        var memory = Open();
        memory.Remember(Anna, "right");
        memory.Verify("1001", "right").Should().Be((Anna, false));
    }

    [Fact]
    public void A_right_password_uses_up_no_try_and_makes_no_wrong_one_undone()
    {
        var memory = Open();
        memory.Remember(Anna, "right");
        for (var wrong = 1; wrong < ClerkMemory.MostWrong; wrong++)
        {
            memory.Verify("1001", "wrong").Should().Be((null, false));
            memory.Verify("1001", "right").Should().Be((Anna, false));
            memory.Verify("1001", "right").Should().Be((Anna, false));
        }

        memory.Verify("1001", "wrong").Should().Be((null, false));
        memory.Verify("1001", "right").Should().Be((null, true));
    }

    [Fact]
    public void Each_clerk_has_tries_of_her_own_and_one_who_is_forgotten_is_on_the_disk_no_more()
    {
        var memory = Open();
        memory.Remember(Anna, "right");
        memory.Remember(new ClerkIdentity("9001", "Bo", true), "other");
        for (var wrong = 0; wrong <= ClerkMemory.MostWrong; wrong++)
        {
            memory.Verify("1001", "wrong");
        }

        memory.Verify("9001", "other").Clerk!.IsSupervisor.Should().BeTrue();
        memory.Verify("7777", "right").Should().Be((null, false));
        memory.Forget("9001");

        Open().Verify("9001", "other").Should().Be((null, false));
        System.IO.File.ReadAllText(File).Should().NotContain("9001").And.NotContain("right");
    }

    [Fact]
    public void A_try_that_cannot_be_kept_is_not_looked_at()
    {
        var memory = Open();
        memory.Remember(Anna, "right");
        Directory.CreateDirectory(File + ".new");

        memory.Verify("1001", "right").Should().Be((null, false));

        Directory.Delete(File + ".new");
        memory.Verify("1001", "right").Should().Be((Anna, false));
    }

    [Fact]
    public void Nobody_is_known_for_longer_than_is_allowed()
    {
        Open().Remember(Anna, "right");
        _time.Advance(Good);
        Open().Verify("1001", "right").Should().Be((Anna, false));
        _time.Advance(TimeSpan.FromSeconds(1));

        Open().Verify("1001", "right").Should().Be((null, false));
    }

    [Fact]
    public void A_clock_that_is_turned_back_makes_the_time_no_longer_and_the_server_sets_it_right()
    {
        var begun = _time.GetUtcNow();
        Open().Remember(Anna, "right");
        _time.Advance(TimeSpan.FromHours(8));
        Open().Verify("1001", "right").Should().Be((Anna, false));

        _time.AdjustTime(begun.AddHours(1));
        Open().Verify("1001", "right").Should().Be((null, false), "eight hours have passed, it is known");

        // A correction of the clock by a few minutes is normal.
        _time.AdjustTime(begun.AddHours(8).AddMinutes(-4));
        Open().Verify("1001", "right").Should().Be((Anna, false));

        _time.AdjustTime(begun.AddHours(1));
        var memory = Open();
        memory.Remember(Anna, "right");
        memory.Verify("1001", "right").Should().Be((Anna, false));
    }

    [Fact]
    public void A_clock_that_stands_still_makes_the_time_no_longer()
    {
        var memory = new ClerkMemory(File, Good, new StoppedClock(_time));
        memory.Remember(Anna, "right");
        memory.Verify("1001", "right").Should().Be((Anna, false));
        _time.Advance(Good + TimeSpan.FromHours(1));

        memory.Verify("1001", "right").Should().Be((null, false));
    }

    [Fact]
    public void Nothing_is_kept_where_nobody_may_sign_in_without_the_server()
    {
        new ClerkMemory(File, TimeSpan.Zero, _time).Remember(Anna, "right");

        System.IO.File.ReadAllText(File).Should().NotContain("1001");
    }

    [Theory]
    [InlineData("""[{"number":"1001","name":"Anna","is_supervisor":false,"verified_at":"2026-11-28T08:00:00+00:00","salt":"00","hash":"00"}]""")]
    [InlineData("""{"seen":"2026-11-28T08:00:00+00:00","clerks":[{"number":"1001","name":"Anna","is_supervisor":false,"verified_at":"2026-11-28T08:00:00+00:00","wrong":0,"password":"md5$x"}]}""")]
    [InlineData("""{"seen":"2026-11-28T08:00:00+00:00","clerks":null}""")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("")]
    public void A_file_of_another_version_or_that_is_damaged_makes_nobody_known(string content)
    {
        System.IO.File.WriteAllText(File, content);
        var memory = Open();
        memory.Verify("1001", "right").Should().Be((null, false));

        memory.Remember(Anna, "right");
        Open().Verify("1001", "right").Should().Be((Anna, false));
    }

    private ClerkMemory Open() => new(File, Good, _time);

    /// <summary>A clock that stands still. The machine's ticks go on.</summary>
    private sealed class StoppedClock(TimeProvider machine) : TimeProvider
    {
        private readonly DateTimeOffset _shown = machine.GetUtcNow();

        public override long TimestampFrequency => machine.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _shown;

        public override long GetTimestamp() => machine.GetTimestamp();
    }
}
