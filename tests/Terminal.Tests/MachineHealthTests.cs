using Lakala.Terminal.Client.Setup;


namespace Lakala.Terminal.Tests;

public sealed class MachineHealthTests : IDisposable
{
    private readonly TestFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_machine_with_mains_battery_and_a_radio_line_tells_of_them()
    {
        Write("sys/class/power_supply/AC/type", "Mains\n");
        Write("sys/class/power_supply/AC/online", "0\n");
        Write("sys/class/power_supply/BAT0/type", "Battery\n");
        Write("sys/class/power_supply/BAT0/capacity", "42\n");
        Write("proc/net/wireless", "Inter-| sta-|   Quality\n face | tus | link level noise\n wlan0: 0000   35.  -75.  -256\n");

        var machine = new MachineHealth(_root.Root);

        (machine.OnMains, machine.Battery, machine.Signal).Should().Be((false, 42, 50));
    }

    [Fact]
    public void What_there_is_not_is_not_known()
    {
        var machine = new MachineHealth(_root.Root);

        (machine.OnMains, machine.Battery, machine.Signal).Should().Be(((bool?)null, (int?)null, (int?)null));
        MachineHealth.Tamper(null).Should().BeNull();
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("1", true)]
    [InlineData("", true)]
    public void A_switch_that_does_not_say_closed_counts_as_opened(string said, bool isOpened)
    {
        Write("tamper", said);

        MachineHealth.Tamper(_root.At("tamper")).Should().Be(isOpened);
    }

    private void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.At(name))!);
        File.WriteAllText(_root.At(name), content);
    }
}
