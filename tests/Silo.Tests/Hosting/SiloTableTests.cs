using System.Net;
using Lakala.Silo.Hosting;
using Lakala.Storage.Silos;
using Lakala.Testing;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Lakala.Silo.Tests.Hosting;

/// <summary>The membership table as Orleans needs it: every change compares the version on which it is based.</summary>
public sealed class SiloTableTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private readonly string _cluster = Guid.NewGuid().ToString("N");
    private SiloTable _table = null!;

    public async ValueTask InitializeAsync()
    {
        _table = Table(_cluster);
        await _table.InitializeMembershipTable(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_was_written_is_read_back()
    {
        var entry = Entry(1);
        entry.AddSuspector(Address(2), entry.StartTime.AddSeconds(3));

        (await _table.InsertRow(entry, Next(0))).Should().BeTrue();

        var read = await _table.ReadRow(entry.SiloAddress);
        read.Version.Version.Should().Be(1);
        read.Members.Should().ContainSingle().Which.Item1.Should().BeEquivalentTo(entry);
    }

    [Fact]
    public async Task Of_two_changes_from_one_version_the_second_is_told_to_read_again()
    {
        var first = Entry(1);
        await _table.InsertRow(first, Next(0));

        (await _table.InsertRow(Entry(2), Next(0))).Should().BeFalse();
        first.Status = SiloStatus.Dead;
        (await _table.UpdateRow(first, "1", Next(0))).Should().BeFalse();
        (await _table.UpdateRow(first, "1", Next(1))).Should().BeTrue();
        (await _table.UpdateRow(Entry(3), "2", Next(2))).Should().BeFalse("there is no such silo");

        var all = await _table.ReadAll();
        all.Version.Version.Should().Be(2);
        all.Members.Should().ContainSingle().Which.Item1.Status.Should().Be(SiloStatus.Dead);
    }

    [Fact]
    public async Task Many_at_once_lose_none_of_what_was_accepted()
    {
        var accepted = await Task.WhenAll(Enumerable.Range(1, 12).Select(async silo =>
        {
            while (!await _table.InsertRow(Entry(silo), (await _table.ReadAll()).Version.Next()))
            {
            }

            return silo;
        }));

        var all = await _table.ReadAll();
        all.Members.Should().HaveCount(accepted.Length);
        all.Version.Version.Should().Be(accepted.Length);
    }

    [Fact]
    public async Task A_silo_that_is_there_already_is_not_inserted_again()
    {
        await _table.InsertRow(Entry(1), Next(0));

        (await _table.InsertRow(Entry(1), Next(1))).Should().BeFalse();

        (await _table.ReadAll()).Version.Version.Should().Be(1);
    }

    [Fact]
    public async Task A_sign_of_life_changes_no_version()
    {
        var entry = Entry(1);
        await _table.InsertRow(entry, Next(0));
        entry.IAmAliveTime = entry.IAmAliveTime.AddMinutes(1);

        await _table.UpdateIAmAlive(entry);

        var read = await _table.ReadAll();
        read.Version.Version.Should().Be(1);
        read.Members[0].Item1.IAmAliveTime.Should().Be(entry.IAmAliveTime);
    }

    [Fact]
    public async Task The_defunct_go_the_active_stay_and_clusters_do_not_see_each_other()
    {
        var (dead, active) = (Entry(1), Entry(2));
        dead.Status = SiloStatus.Dead;
        await _table.InsertRow(dead, Next(0));
        await _table.InsertRow(active, Next(1));
        var other = Table(_cluster + "-other");
        await other.InitializeMembershipTable(true);

        await _table.CleanupDefunctSiloEntries(new DateTimeOffset(dead.IAmAliveTime).AddSeconds(1));

        (await _table.ReadAll()).Members.Should().ContainSingle().Which.Item1.SiloAddress.Should().Be(active.SiloAddress);
        (await other.ReadAll()).Members.Should().BeEmpty();
        await _table.DeleteMembershipTableEntries(_cluster);
        (await _table.ReadAll()).Members.Should().BeEmpty();
    }

    private SiloTable Table(string cluster) => new(new SiloRows(books.Database), Options.Create(new ClusterOptions { ClusterId = cluster, ServiceId = cluster }));

    private static TableVersion Next(int version) => new TableVersion(version, $"{version}").Next();

    private static SiloAddress Address(int silo) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 10_000 + silo), 7);

    private static MembershipEntry Entry(int silo)
    {
        var time = new DateTime(2026, 3, 1, 9, 0, 0, DateTimeKind.Utc);
        return new MembershipEntry
        {
            SiloAddress = Address(silo),
            Status = SiloStatus.Active,
            SiloName = $"silo-{silo}",
            HostName = "host",
            StartTime = time,
            IAmAliveTime = time,
            SuspectTimes = [],
        };
    }
}
