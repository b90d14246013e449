using Lakala.Local;

namespace Lakala.Deploy.Tests;

public sealed class UsingOrderTests
{
    [Theory]
    [InlineData("using System;|using System.Text;|using Lakala.Wire;|using Lakala.Wire.Cards;|using Npgsql;|using static Lakala.A;|using B = C.D;", true)]
    [InlineData("using Npgsql;|using System;", false)]
    [InlineData("using Lakala.Wire.Cards;|using Lakala.Wire;", false)]
    [InlineData("using static Lakala.A;|using Npgsql;", false)]
    [InlineData("using B = C.D;|using Npgsql;", false)]
    [InlineData("using Npgsql;|namespace A;|using System;", true)]
    public void Usings_stand_in_order(string lines, bool holds) => UsingOrder.Holds(lines.Split('|')).Should().Be(holds);
}
